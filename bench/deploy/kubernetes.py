"""Kubernetes with KubeRay: a RayCronJob, or a CronJob that creates a RayJob and waits for it.

A RayCronJob (alpha; KubeRay 1.6, time zones from 1.7) has no concurrencyPolicy: what keeps two runs apart is a deadline
shorter than the period, and the lock in the results. A CronJob has one, which holds because its pod waits.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field

from bench.deploy.command import in_shell
from bench.deploy.documents import dump, quoted
from bench.deploy.rayjob import FOLDER, Pods, job_spec
from bench.deploy.targets import TARGETS, Choices, Document, Order, Target
from bench.errors import ArgumentError

_SCRIPT, _SUBMIT, _JOB = "scheduled.sh", "submit.sh", "rayjob.yaml"
_MOST_BYTES = 2**20
_POLL_SECONDS = 15
_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


class Kind(StrEnum):
    """What does the scheduling."""

    RAYCRONJOB = "raycronjob"
    CRONJOB = "cronjob"


class KubernetesChoices(Choices):
    """Options of Kubernetes.

    Attributes:
        image: image of the pods, with this package and Ray.
        kind: what does the scheduling.
        namespace: where all of it is; by default that of kubectl's context.
        claim: a volume claim for results and where to mount it, NAME:/PATH.
        secret: names of secrets whose entries become environment variables: credentials of a store, say.
        cpus: cores of a pod.
        memory: memory of a pod.
        gpus: GPUs of a pod.
        workers: number of worker pods; by default the head works.
        delete_after: seconds after which an ended RayJob is deleted; by default it stays, without its cluster.
        kubectl_image: image with sh and kubectl, for a CronJob.
    """

    image: Annotated[str, Field(pattern=r"^\S+$")]
    kind: Kind = Kind.RAYCRONJOB
    namespace: _Name | None = None
    claim: Annotated[str | None, Field(pattern=r"^[a-z0-9.-]+:/\S*[^/\s]$")] = None
    secret: tuple[_Name, ...] = ()
    cpus: Annotated[int, Field(ge=1)] = 2
    memory: Annotated[str, Field(pattern=r"^[0-9]+(Mi|Gi)$")] = "8Gi"
    gpus: Annotated[int, Field(ge=0)] = 0
    workers: Annotated[int, Field(ge=0)] = 0
    delete_after: Annotated[int | None, Field(ge=4 * _POLL_SECONDS)] = None
    kubectl_image: Annotated[str, Field(pattern=r"^\S+$")] = "alpine/k8s:1.34.1"

    @property
    def mount(self) -> tuple[str, str] | None:
        """Name and path of the volume claim."""
        if self.claim is None:
            return None
        name, _, path = self.claim.partition(":")
        return name, path


def render(order: Order, choices: KubernetesChoices) -> Sequence[Document]:
    """Write all objects in one file.

    Raises:
        ArgumentError: if results would be gone with the pods, or the suite's files are too large for a ConfigMap.
    """
    _check_out(order.command.out, choices.mount)
    data, items = _files(order)
    files = f"{order.name}-files"
    pods = Pods(
        image=choices.image,
        config_map=files,
        items=tuple(items),
        claim=choices.mount,
        secrets=choices.secret,
        cpus=choices.cpus,
        memory=choices.memory,
        gpus=choices.gpus,
        workers=choices.workers,
    )
    spec = job_spec(f"sh {FOLDER}/{_SCRIPT}", pods, order.deadline, choices.delete_after)
    head = _head(order, choices)
    if choices.kind is Kind.CRONJOB:
        data |= {_SUBMIT: _submit_script(), _JOB: _job_text(order.name, spec)}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(files, choices), "data": data}
    _check_size(data)
    is_native = choices.kind is Kind.CRONJOB
    objects = _cron_job(order, choices, files) if is_native else [_ray_cron_job(order, choices, spec)]
    return [Document(f"{order.name}.yaml", head + dump(config_map, *objects))]


def _files(order: Order) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """What the ConfigMap holds, and key and path of each file: keys have no slashes."""
    command = replace(order.command, suite=f"{FOLDER}/{order.files.suite}")
    script = ["#!/bin/sh", "set -eu", in_shell(command.run("--exclusive", "--address", "auto"))]
    data = {_SCRIPT: "\n".join([*script, in_shell(command.compare())]) + "\n"}
    items = [(_SCRIPT, _SCRIPT)]
    for i, (path, content) in enumerate(order.files.files.items()):
        key = f"{i}{PurePosixPath(path).suffix}"
        data[key] = content
        items.append((key, path))
    return data, items


def _ray_cron_job(order: Order, choices: KubernetesChoices, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCronJob",
        "metadata": _metadata(order.name, choices),
        "spec": {
            "schedule": quoted(order.timetable.text),
            "timeZone": order.timezone,
            "suspend": False,
            "jobTemplate": spec,
        },
    }


def _cron_job(order: Order, choices: KubernetesChoices, files: str) -> list[dict[str, Any]]:
    """A CronJob, and the rights of its pod: to create RayJobs and to look at them."""
    metadata = _metadata(order.name, choices)
    subject = {"kind": "ServiceAccount", "name": order.name, "namespace": choices.namespace or "default"}
    rules = [{"apiGroups": ["ray.io"], "resources": ["rayjobs"], "verbs": ["create", "get", "delete"]}]
    items = [{"key": name, "path": name} for name in (_SUBMIT, _JOB)]
    pod = {
        "serviceAccountName": order.name,
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "submit",
                "image": choices.kubectl_image,
                "command": ["sh", f"{FOLDER}/{_SUBMIT}"],
                "volumeMounts": [{"name": "job", "mountPath": FOLDER, "readOnly": True}],
            }
        ],
        "volumes": [{"name": "job", "configMap": {"name": files, "items": items}}],
    }
    job = {"backoffLimit": 0, "activeDeadlineSeconds": order.deadline, "template": {"spec": pod}}
    rbac = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": order.name},
            "subjects": [subject],
        },
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": metadata,
            "spec": {
                "schedule": quoted(order.timetable.text),
                "timeZone": order.timezone,
                "concurrencyPolicy": "Forbid",
                "jobTemplate": {"spec": job},
            },
        },
    ]


def _submit_script() -> str:
    """Create the RayJob and wait for its end: for as long as this pod is there, no other is started."""
    return textwrap.dedent(f"""\
        #!/bin/sh
        set -eu
        job=$(kubectl create --filename {FOLDER}/{_JOB} --output jsonpath='{{.metadata.name}}')
        trap 'kubectl delete rayjob "$job"; exit 1' TERM
        echo "created rayjob $job"
        state='{{.metadata.name}}={{.status.jobDeploymentStatus}}'
        while :; do
          found=$(kubectl get rayjob "$job" --ignore-not-found --output "jsonpath=$state") || found=unknown
          case $found in
            *=Complete) exit 0 ;;
            *Failed) echo "rayjob $found: kubectl describe rayjob $job" >&2; exit 1 ;;
            '') echo "rayjob $job has been deleted" >&2; exit 1 ;;
          esac
          sleep {_POLL_SECONDS} &
          wait $!
        done
        """)


def _job_text(name: str, spec: Mapping[str, Any]) -> str:
    return dump({"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": {"generateName": f"{name}-"}, "spec": spec})


def _head(order: Order, choices: KubernetesChoices) -> str:
    lines = [f"# kubectl apply --filename {order.name}.yaml"]
    if choices.kind is Kind.RAYCRONJOB:
        lines.append("# RayCronJob is alpha: KubeRay 1.6 or newer, its operator with the feature gate RayCronJob")
        if order.timezone:
            lines.append("# timeZone needs KubeRay 1.7 or newer")
    return "".join(f"{line}\n" for line in lines)


def _metadata(name: str, choices: KubernetesChoices) -> dict[str, Any]:
    return {"name": name, **({"namespace": choices.namespace} if choices.namespace else {})}


def _check_out(out: str, mount: tuple[str, str] | None) -> None:
    if "://" in out or (mount is not None and PurePosixPath(out).is_relative_to(mount[1])):
        return
    below = f"a folder below {mount[1]}" if mount else "a folder below the path of --claim NAME:/PATH"
    raise ArgumentError(f"--out: found '{out}', which is gone with its pod; expected s3://… or the like, or {below}")


def _check_size(data: Mapping[str, str]) -> None:
    size = sum(len(text.encode()) for text in data.values())
    if size > _MOST_BYTES:
        raise ArgumentError(
            f"the suite and its plugins: found {size} bytes; a ConfigMap holds {_MOST_BYTES}; put them into the image"
        )


TARGETS.add("kubernetes", Target(KubernetesChoices, render, takes_timezone=True, is_elsewhere=True), __name__)
