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
    for container in spec["containers"]:
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
    for volume in volumes.values():
        if "configMap" in volume:
            expect(of("ConfigMap", volume["configMap"]["name"]), f"{name}: there is no {volume}")
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]["claimName"]
            expect(of("PersistentVolumeClaim", claim), f"{name}: there is no claim {claim}")

# Secrets are by reference alone.
expect(not of("Secret"), "a Secret is in git")
text = pathlib.Path(sys.argv[1]).read_text()
expect(not re.search(r"postgres(ql)?://\w+:[^@\s]+@|rediss?://[^/\s]*:[^@\s]+@", text), "a password is in git")

(server,) = of("Deployment")
labels = server["spec"]["template"]["metadata"]["labels"]
spec = server["spec"]["template"]["spec"]
(container,) = spec["containers"]
ports = {it["name"]: it["containerPort"] for it in container["ports"]}
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    expect(container[probe]["httpGet"]["port"] == "operations", f"{probe} is not at the operations port")
(settings,) = [it for it in of("ConfigMap") if it["metadata"]["name"].startswith("hsc-settings")]
drain = int(settings["data"]["HSC__SERVER__DRAIN_TIMEOUT_MS"]) / 1000
grace = spec["terminationGracePeriodSeconds"]
expect(grace > drain + container["lifecycle"]["preStop"]["sleep"]["seconds"], f"killed after {grace} s, drains {drain} s")
for key in settings["data"]:
    section = ".".join(part.lower() for part in key.removeprefix("HSC__").split("__")[:-1])
    field = key.split("__")[-1].lower()
    body = re.search(rf"^\[{re.escape(section)}\]\n(.*?)(?=^\[|\Z)", defaults, re.S | re.M)
    expect(body and re.search(rf"^{field} = ", body[1], re.M), f"{key} is not a setting")

# Selectors select.
for service in of("Service"):
    wanted = service["spec"]["selector"]
    expect(wanted.items() <= labels.items(), f"Service {service['metadata']['name']} selects no pod")
    for port in service["spec"]["ports"]:
        expect(port["targetPort"] in ports, f"there is no port {port['targetPort']}")
(budget,) = of("PodDisruptionBudget")
expect(budget["spec"]["selector"]["matchLabels"].items() <= labels.items(), "the disruption budget selects no pod")
(monitor,) = of("ServiceMonitor")
wanted = monitor["spec"]["selector"]["matchLabels"]
expect(any(wanted.items() <= it["metadata"].get("labels", {}).items() for it in of("Service")), "the ServiceMonitor selects no service")
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
for port in ports.values():
    reached = [it for it in policies for rule in it["spec"].get("ingress", []) if any(p["port"] == port for p in rule["ports"])]
    expect(reached, f"no policy lets anything reach port {port}")

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
