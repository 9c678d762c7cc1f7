"""Checks compose files: what they name is there, and what production promises holds for every service."""

import pathlib
import re
import sys

import yaml


def problems(path):
    file = yaml.safe_load(path.read_text())
    production = "production" in path.name
    for name, service in file["services"].items():
        def problem(text):
            return f"{path}: {name}: {text}"

        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume).split(":")[0]
            if source.startswith("."):
                if not (path.parent / source).exists():
                    yield problem(f"mounts {source}, which is not there")
            elif not source.startswith("/") and source not in file.get("volumes", {}):
                yield problem(f"the volume {source} is not declared")
        for secret in service.get("secrets", []):
            if secret not in file.get("secrets", {}):
                yield problem(f"the secret {secret} is not declared")
        for network in service.get("networks", {}):
            if network not in file.get("networks", {}):
                yield problem(f"the network {network} is not declared")
        for port in service.get("ports", []):
            if not port.startswith(("127.0.0.1:", "${HSC_LISTEN:-127.0.0.1}:")):
                yield problem(f"{port} is open to other machines")
        if "restart" not in service:
            yield problem("is not restarted")
        if not production:
            continue
        for key, wanted in (("read_only", True), ("cap_drop", ["ALL"]), ("security_opt", ["no-new-privileges:true"])):
            if service.get(key) != wanted:
                yield problem(f"{key} is not {wanted}")
        if "healthcheck" not in service and name not in ("nginx", "prometheus", "grafana"):
            yield problem("has no health check")
        image = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", service["image"])
        if ":" not in image or (image.endswith(":latest") and not image.startswith("localhost/")):
            yield problem(f"{image} has no version")
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|_KEY", key) and not key.upper().endswith(("_FILE", "__FILE")):
                yield problem(f"{key} is a secret outside of a file: {value}")


found = [problem for name in sys.argv[1:] for problem in problems(pathlib.Path(name))]
print("\n".join(found))
sys.exit(1 if found else 0)
