#!/usr/bin/env python3
"""Reads cron/kubernetes.yaml (or the file given) as a cluster would: strict about keys that are written twice, then as the Pod
Security Standard "restricted" judges it, and what wosync itself needs. With --json prints its documents for
tests/kubernetes.js. Prints what is wrong; exit status 1 when something is."""
import json
import re
import subprocess
import sys

import yaml


class Strict(yaml.SafeLoader):
    """A key that is written twice is a mistake."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is written twice", node.start_mark)
        return super().construct_mapping(node, deep)


def restricted(pod):
    """The Pod Security Standard "restricted", as it concerns a pod of one kind of container."""
    context = pod.get("securityContext", {})
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield f"{key} is set"
    for volume in pod.get("volumes", []):
        kind = [key for key in volume if key != "name"]
        if kind not in (["configMap"], ["secret"], ["emptyDir"], ["persistentVolumeClaim"], ["projected"], ["ephemeral"], ["csi"],
                        ["downwardAPI"]):
            yield f"volume {volume['name']}: {kind} is not allowed"
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container.get("securityContext", {})
        both = {**context, **own}
        if own.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation is not false"
        if own.get("privileged") or own.get("procMount", "Default") != "Default":
            yield "privileged, or with a procMount"
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("capabilities", {}).get("add", []) not in ([], ["NET_BIND_SERVICE"]):
            yield "capabilities are not dropped"
        if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
            yield "it may run as root"
        if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield "there is no seccompProfile"
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield "there is a hostPort"


def ours(documents):
    """What wosync and its readers need beyond that."""
    claim, job = documents
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claims = [v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v]
    facts = {
        "one claim, for one pod at a time": claim["spec"]["accessModes"] == ["ReadWriteOncePod"] and claims == [claim["metadata"]["name"]],
        "every volume is mounted, and nothing else": set(mounts) == set(volumes),
        "nothing is mounted twice": len({mount["mountPath"] for mount in mounts.values()}) == len(mounts) == len(container["volumeMounts"]),
        "the root is read-only, and /tmp is not": container["securityContext"]["readOnlyRootFilesystem"] and mounts["tmp"]["mountPath"] == "/tmp",
        "only the store and /tmp can be written": [n for n, m in mounts.items() if not m.get("readOnly")] == ["store", "tmp"],
        "no service account's token": pod["automountServiceAccountToken"] is False,
        "a large volume is not walked through at every start": pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch",
        "no run beside another": job["spec"]["concurrencyPolicy"] == "Forbid",
        "a pod failure policy, which wants restartPolicy Never": pod["restartPolicy"] == "Never"
        and job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]["action"] == "Ignore",
        "a secret that others cannot read": volumes["key"]["secret"]["defaultMode"] == 0o440,
        "spread by the store's path, and 75 fails no job": " ".join(container["args"]).find("--splay 45s --ok 75 sync --max-time") > 0,
        "one object does all": [d["kind"] for d in documents] == ["PersistentVolumeClaim", "CronJob"],
        "the image's tag is the version": container["image"].endswith(":" + re.search(r"(?m)^VERSION = (.*)$", open("Makefile", encoding="utf-8").read()).group(1)),
    }
    return [f"not so: {fact}" for fact, holds in facts.items() if not holds]


def understood(documents, program):
    """wosync knows the options: it complains of the configuration, which is not there, and of nothing before it."""
    args = documents[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
    done = subprocess.run([program, *args], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 78 or "/etc/wosync/conf/wosync.conf" not in done.stderr:
        yield f"wosync {' '.join(args)}: exit status {done.returncode}: {done.stderr}"


def main():
    arguments = [word for word in sys.argv[1:] if word != "--json"]
    with open(arguments[0] if arguments else "cron/kubernetes.yaml", encoding="utf-8") as file:
        documents = list(yaml.load_all(file, Strict))
    if "--json" in sys.argv:
        print(json.dumps(documents))
        return 0
    wrong = [*restricted(documents[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]), *ours(documents)]
    if len(arguments) > 1:
        wrong += understood(documents, arguments[1])
    print("".join(f"{line}\n" for line in wrong), end="")
    return 1 if wrong else 0


sys.exit(main())
