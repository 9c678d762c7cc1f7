"""Checks the output of `kubectl kustomize`: what objects name exists, and what operations rely on holds."""

import pathlib
import re
import sys

import yaml

objects = [it for it in yaml.safe_load_all(pathlib.Path(sys.argv[1]).read_text()) if it]
defaults = pathlib.Path("config/default.toml").read_text()
found = []


def of(kind, name=None):
    return [it for it in objects if it["kind"] == kind and name in (None, it["metadata"]["name"])]


def expect(holds, text):
    if not holds:
        found.append(text)


def pods():
    for it in objects:
        spec = it.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", {}).get("template") or spec.get("template")
        if template:
            yield f"{it['kind']} {it['metadata']['name']}", template


# What a cluster with the restricted Pod Security Standard admits, and what no pod should be without.
for name, template in pods():
    spec = template["spec"]
    security = spec["securityContext"]
    expect(security.get("runAsNonRoot") is True, f"{name}: may run as root")
    expect(security.get("seccompProfile", {}).get("type") == "RuntimeDefault", f"{name}: no seccomp profile")
    expect(spec.get("automountServiceAccountToken") is False, f"{name}: has a token of the cluster")
    volumes = {it["name"]: it for it in spec.get("volumes", [])}
    for container in spec.get("initContainers", []) + spec["containers"]:
        security = container["securityContext"]
        expect(security["allowPrivilegeEscalation"] is False, f"{name}: may gain rights")
        expect(security["capabilities"]["drop"] == ["ALL"], f"{name}: keeps capabilities")
        expect(security["readOnlyRootFilesystem"] is True, f"{name}: its root is writable")
        for bound in ("cpu", "memory"):
            expect(bound in container["resources"]["limits"], f"{name}: no limit of {bound}")
            expect(bound in container["resources"]["requests"], f"{name}: no request of {bound}")
        for mount in container.get("volumeMounts", []):
            expect(mount["name"] in volumes, f"{name}: there is no volume {mount['name']}")
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                expect(of("ConfigMap", source["configMapRef"]["name"]), f"{name}: there is no {source}")
            # What is in the environment is shown by whoever may describe a pod, and reaches each child.
            expect("secretRef" not in source, f"{name}: a secret in the environment")
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {})
            expect("secretKeyRef" not in source, f"{name}: a secret in the environment")
            if "configMapKeyRef" in source:
                named = source["configMapKeyRef"]
                expect(
                    any(named["key"] in it["data"] for it in of("ConfigMap", named["name"])),
                    f"{name}: there is no {named}",
                )
        given = {it["name"] for it in container.get("env", [])}
        for used in re.findall(r"\$\((\w+)\)", " ".join(container.get("args", []))):
            expect(used in given, f"{name}: nothing sets {used}")
    for volume in volumes.values():
        if "configMap" in volume:
            expect(of("ConfigMap", volume["configMap"]["name"]), f"{name}: there is no {volume}")
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]["claimName"]
            expect(of("PersistentVolumeClaim", claim), f"{name}: there is no claim {claim}")

# What runs for good is watched, what runs once ends.
for it in of("Deployment"):
    for container in it["spec"]["template"]["spec"]["containers"]:
        for probe in ("livenessProbe", "readinessProbe"):
            asked = container.get(probe, {}).get("httpGet", {}).get("port")
            known = {port["name"] for port in container["ports"]}
            expect(asked in known, f"Deployment {it['metadata']['name']}: no {probe}")
jobs = {it["metadata"]["name"]: it["spec"] for it in of("Job")}
jobs |= {it["metadata"]["name"]: it["spec"]["jobTemplate"]["spec"] for it in of("CronJob")}
for name, job in jobs.items():
    expect("activeDeadlineSeconds" in job and "backoffLimit" in job, f"Job {name}: may run forever")

# The tables are updated by the new version, after it has accepted the settings, and before its pods start.
migrate = jobs["hsc-migrate"]
(check,) = migrate["template"]["spec"]["initContainers"]
(migrating,) = migrate["template"]["spec"]["containers"]
expect(check["args"][0] == "check" and migrating["args"][0] == "migrate", "hsc-migrate does not check and migrate")
expect(check["image"] == migrating["image"], "hsc-migrate checks another version than it runs")
limit = int(re.search(r"^migration_timeout_ms = (\d+)", defaults, re.M)[1]) / 1000
expect(migrate["activeDeadlineSeconds"] > limit, f"hsc-migrate is killed before archive.migration_timeout_ms ({limit} s)")
newer = int(re.search(r"ARCHIVE_IS_NEWER: u8 = (\d+)", pathlib.Path("src/command/archive.rs").read_text())[1])
final = [rule["onExitCodes"]["values"] for rule in migrate["podFailurePolicy"]["rules"] if rule["action"] == "FailJob"]
expect([newer] in final, f"hsc-migrate repeats what ended with {newer}")

# Secrets are by reference alone.
expect(not of("Secret"), "a Secret is in git")
text = pathlib.Path(sys.argv[1]).read_text()
expect(not re.search(r"postgres(ql)?://\w+:[^@\s]+@|rediss?://[^/\s]*:[^@\s]+@", text), "a password is in git")

(server,) = of("Deployment", "hsc")
labels = server["spec"]["template"]["metadata"]["labels"]
spec = server["spec"]["template"]["spec"]
(container,) = spec["containers"]
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    expect(container[probe]["httpGet"]["port"] == "operations", f"{probe} is not at the operations port")
(settings,) = [it for it in of("ConfigMap") if it["metadata"]["name"].startswith("hsc-settings")]
install = pathlib.Path("docs/operations/install.md").read_text()
drain = int(settings["data"]["HSC__SERVER__DRAIN_TIMEOUT_MS"]) / 1000
grace = spec["terminationGracePeriodSeconds"]
expect(grace > drain + container["lifecycle"]["preStop"]["sleep"]["seconds"], f"killed after {grace} s, drains {drain} s")
for key in settings["data"]:
    section = ".".join(part.lower() for part in key.removeprefix("HSC__").split("__")[:-1])
    field = key.split("__")[-1].lower()
    if re.search(r"(token_keys|token|url)_file$", field):
        field = field.removesuffix("_file")
        for mounting in (container, check, migrating):
            folders = [it["mountPath"] for it in mounting["volumeMounts"] if it["name"] == "secrets"]
            expect(str(pathlib.PurePath(settings["data"][key]).parent) in folders, f"{key}: no such folder in {mounting['name']}")
        expect(f"--from-file=$S/{pathlib.PurePath(settings['data'][key]).name}" in install, f"{key}: install.md does not make it")
    body = re.search(rf"^\[{re.escape(section)}\]\n(.*?)(?=^\[|\Z)", defaults, re.S | re.M)
    expect(body and re.search(rf"^{field} = ", body[1], re.M), f"{key} is not a setting")

# Selectors select.
def matches(selector, them):
    wanted = selector.get("matchLabels", {}).items() <= them.items()
    for it in selector.get("matchExpressions", []):
        expect(it["operator"] == "In", f"{it}: this test knows only In")
        wanted = wanted and them.get(it["key"]) in it["values"]
    return wanted


def selected(service):
    """The pods of a service, and the number of each port that it names."""
    for it in of("Deployment"):
        template = it["spec"]["template"]
        if service["spec"]["selector"].items() <= template["metadata"]["labels"].items():
            numbers = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
            yield template["metadata"]["labels"], numbers


for service in of("Service"):
    name = service["metadata"]["name"]
    expect(len(list(selected(service))) == 1, f"Service {name} selects not one Deployment")
    for _, numbers in selected(service):
        for port in service["spec"]["ports"]:
            expect(port["targetPort"] in numbers, f"Service {name}: there is no port {port['targetPort']}")
(budget,) = of("PodDisruptionBudget")
expect(budget["spec"]["selector"]["matchLabels"].items() <= labels.items(), "the disruption budget selects no pod")

# Each job that an alert names is scraped; else `absent` would fire for good, and the others never.
scraped = {}
for monitor in of("ServiceMonitor"):
    name = monitor["metadata"]["name"]
    (endpoint,) = monitor["spec"]["endpoints"]
    chosen = [it for it in of("Service") if matches(monitor["spec"]["selector"], it["metadata"].get("labels", {}))]
    expect(len(chosen) == 1, f"ServiceMonitor {name} selects {len(chosen)} services")
    for service in chosen:
        targets = {it["name"]: it["targetPort"] for it in service["spec"]["ports"]}
        expect(endpoint["port"] in targets, f"ServiceMonitor {name}: the service has no port {endpoint['port']}")
        (job,) = [it["replacement"] for it in endpoint["relabelings"] if it["targetLabel"] == "job"]
        scraped[job] = [(them, numbers.get(targets.get(endpoint["port"]))) for them, numbers in selected(service)]
for rule in (rule for it in of("PrometheusRule") for group in it["spec"]["groups"] for rule in group["rules"]):
    for job in re.findall(r'\bjob="([^"]+)"', rule["expr"]):
        expect(job in scraped, f"{rule.get('alert') or rule.get('record')}: no ServiceMonitor makes the job {job}")
(probe,) = of("Deployment", "hsc-probe")
(container,) = probe["spec"]["template"]["spec"]["containers"]
expect(probe["spec"]["replicas"] == 1 and "--every=1m" in container["args"], "HscProbeAbsent expects one probe that runs each minute")
expect("--listen=0.0.0.0:%d" % container["ports"][0]["containerPort"] in container["args"], "the probe listens at another port")
(scaler,) = of("HorizontalPodAutoscaler")
expect(scaler["spec"]["scaleTargetRef"]["name"] == server["metadata"]["name"], "the autoscaler scales something else")
expect("replicas" not in server["spec"], "the Deployment and the autoscaler both set the number of pods")
sessions = int(settings["data"]["HSC__SESSIONS__MAX"])
target = int(scaler["spec"]["metrics"][1]["pods"]["target"]["averageValue"])
expect(target < sessions * 0.8, f"scales at {target} sessions of {sessions}")
metrics = pathlib.Path("docs/metrics.md").read_text()
expect(f"`{scaler['spec']['metrics'][1]['pods']['metric']['name']}`" in metrics, "the autoscaler names no metric of the server")

# Everything is refused but the flows of this list: who, where to.
policies = of("NetworkPolicy")
deny = [it for it in policies if it["spec"]["podSelector"] == {} and "ingress" not in it["spec"] and "egress" not in it["spec"]]
expect(len(deny) == 1 and set(deny[0]["spec"]["policyTypes"]) == {"Ingress", "Egress"}, "there is no policy that refuses the rest")
for it in policies:
    for rule in it["spec"].get("ingress", []) + it["spec"].get("egress", []):
        name = it["metadata"]["name"]
        expect(rule.get("ports"), f"NetworkPolicy {name}: any port")
        expect(rule.get("from") or rule.get("to"), f"NetworkPolicy {name}: anybody")


def flows(direction, them):
    """What the policies allow pods with these labels: the other side and the port."""
    for it in policies:
        if direction in it["spec"] and matches(it["spec"]["podSelector"], them):
            for rule in it["spec"][direction]:
                for peer in rule["from" if direction == "ingress" else "to"]:
                    for port in rule["ports"]:
                        yield peer, port["port"]


def place(peer):
    """The other side in a word: a namespace, or addresses."""
    if "ipBlock" in peer:
        return "public" if len(peer["ipBlock"].get("except", [])) >= 5 else peer["ipBlock"]["cidr"]
    return peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]


def here(peer):
    return "namespaceSelector" not in peer and "ipBlock" not in peer


# Within the namespace both sides allow a flow. Redis and PostgreSQL are known by the labels that the policies expect.
own = {name: template["metadata"]["labels"] for name, template in pods()}
own |= {name: {"app.kubernetes.io/name": name} for name in ("redis", "postgresql")}
for name, them in own.items():
    for direction, back in (("ingress", "egress"), ("egress", "ingress")):
        for peer, port in flows(direction, them):
            if here(peer):
                others = [it for it in own.values() if matches(peer["podSelector"], it)]
                expect(others, f"NetworkPolicy: {name} {direction} {port}: no pod is on the other side")
                for it in others:
                    answered = any(here(p) and matches(p["podSelector"], them) and q == port for p, q in flows(back, it))
                    expect(answered, f"NetworkPolicy: {name} {direction} {port}: the other side does not allow it")


def outside(name, direction):
    return {(place(peer), port) for peer, port in flows(direction, own[name]) if not here(peer)}


# With other namespaces and with addresses, one by one.
dns = {("kube-system", 53)}
collector = {("observability", 4318)} if "HSC__TRACES__ENDPOINT" in settings["data"] else set()
for name, direction, allowed in (
    ("Deployment hsc", "ingress", {("ingress-nginx", 8000), ("monitoring", 9090)}),
    ("Deployment hsc", "egress", dns | collector | {("public", 80), ("public", 443)}),
    ("Deployment hsc-probe", "ingress", {("monitoring", 9115)}),
    ("Deployment hsc-probe", "egress", dns | {("ingress-nginx", 443), ("public", 443)}),
    ("Job hsc-migrate", "ingress", set()),
    ("Job hsc-migrate", "egress", dns),
    ("CronJob hsc-backup", "ingress", set()),
    ("CronJob hsc-backup", "egress", dns),
):
    expect(outside(name, direction) == allowed, f"NetworkPolicy: {name} {direction}: {outside(name, direction)}, not {allowed}")
for job, reached in scraped.items():
    for them, port in reached:
        expect(("monitoring", port) in {(place(p), q) for p, q in flows("ingress", them) if not here(p)}, f"Prometheus does not reach the job {job}")
if collector:
    address = settings["data"]["HSC__TRACES__ENDPOINT"]
    expect(".observability.svc:4318/" in address, f"no policy allows {address}")
# The list at the head of the file names each port.
heading = pathlib.Path("docker/kubernetes/base/network-policies.yaml").read_text().split("apiVersion")[0]
for it in policies:
    for rule in it["spec"].get("ingress", []) + it["spec"].get("egress", []):
        for port in rule["ports"]:
            listed = re.search(rf"\b{port['port']}\b", heading) or it["metadata"]["name"] == "hsc-traces"
            expect(listed, f"NetworkPolicy {it['metadata']['name']}: {port['port']} is not in the list of flows")

(ingress,) = of("Ingress")
hosts = {it["host"] for it in ingress["spec"]["rules"]}
expect(hosts == {host for it in ingress["spec"]["tls"] for host in it["hosts"]}, "a host without TLS")
expect(settings["data"]["HSC__SERVER__PUBLIC_URL"] in {f"https://{it}" for it in hosts}, "server.public_url is another host")
idle = int(re.search(r"idle_timeout_ms = (\d+)", defaults)[1]) / 1000
for direction in ("read", "send"):
    seconds = int(ingress["metadata"]["annotations"][f"nginx.ingress.kubernetes.io/proxy-{direction}-timeout"])
    expect(seconds > idle, f"the proxy closes a socket after {seconds} s, the server after {idle} s")

print("\n".join(found))
sys.exit(1 if found else 0)
