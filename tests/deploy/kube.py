"""Makes of the rendered production overlay what `podman kube play` runs here: kube.py RENDERED IMAGE SECRETS_FOLDER.

The Deployment, its settings, limits, security and mounts stay as they are. Changed is what a cluster provides: the image
by its local name, the secret from files, claims as volumes, the addresses of Redis and PostgreSQL; and what podman 4.3
does not know (fields of the pod as variables, spreading, a sleep before the stop).
"""

import pathlib
import sys

import yaml

rendered, image, secrets = sys.argv[1:]
objects = [it for it in yaml.safe_load_all(pathlib.Path(rendered).read_text()) if it]
(deployment,) = [it for it in objects if it["kind"] == "Deployment" and it["metadata"]["name"] == "hsc"]
(settings,) = [it for it in objects if it["kind"] == "ConfigMap" and it["metadata"]["name"].startswith("hsc-settings")]
claims = [it for it in objects if it["kind"] == "PersistentVolumeClaim" and it["metadata"]["name"] == "hsc-shared"]
for it in (deployment, settings, *claims):
    it["metadata"].pop("namespace", None)
deployment["spec"]["replicas"] = 1
spec = deployment["spec"]["template"]["spec"]
for key in ("topologySpreadConstraints", "serviceAccountName", "automountServiceAccountToken", "enableServiceLinks"):
    spec.pop(key)
(container,) = spec["containers"]
container["image"] = image
container["imagePullPolicy"] = "Never"
container["env"] = [{"name": "HSC__SERVER__POD_NAME", "value": "kube"}]
container.pop("lifecycle")
# podman makes a command with curl of an httpGet, and the image has none. The same question by the binary itself.
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    container.pop(probe)
# podman 4.3 mounts a secret in its base64 form: here it is a ConfigMap.
for volume in spec["volumes"]:
    if "secret" in volume:
        volume["configMap"] = {"name": volume.pop("secret")["secretName"], "optional": False}
secret = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "hsc-secrets"},
    "data": {it: (pathlib.Path(secrets) / it).read_text() for it in ("token_keys", "admin_token", "redis_url", "archive_url")},
}
print(yaml.safe_dump_all([secret, settings, *claims, deployment], sort_keys=False))
