"""The specification of a RayJob: a Ray cluster that KubeRay makes for one job, and the job.

Fields as in KubeRay 1.7: ray-operator/apis/ray/v1/rayjob_types.go and raycluster_types.go of
github.com/ray-project/kuberay; docs.ray.io/en/latest/cluster/kubernetes/getting-started/rayjob-quick-start.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FOLDER = "/etc/bench"
"""Where pods find the suite's files."""
_LINGER_SECONDS = 60


@dataclass(frozen=True)
class Pods:
    """What the pods of a cluster are like.

    Attributes:
        image: their image, with this package and its Ray.
        config_map: name of the map that holds the suite's files.
        items: key and path of each of these files.
        claim: name of a volume claim, and where it is mounted; or None.
        secrets: names of the secrets whose entries become environment variables.
        cpus: cores of each.
        memory: memory of each.
        gpus: GPUs of each.
        workers: number of workers beside the head; without any, the head works.
    """

    image: str
    config_map: str
    items: tuple[tuple[str, str], ...]
    claim: tuple[str, str] | None
    secrets: tuple[str, ...]
    cpus: int
    memory: str
    gpus: int
    workers: int

    def cluster(self) -> dict[str, Any]:
        """A RayClusterSpec."""
        idle = {"num-cpus": "0", "num-gpus": "0"} if self.workers else {}
        head = {"rayStartParams": idle, "template": self._template("ray-head", gpus=0 if self.workers else self.gpus)}
        group = {
            "groupName": "workers",
            "replicas": self.workers,
            "minReplicas": self.workers,
            "maxReplicas": self.workers,
            "rayStartParams": {},
            "template": self._template("ray-worker", gpus=self.gpus),
        }
        return {"headGroupSpec": head, **({"workerGroupSpecs": [group]} if self.workers else {})}

    def files(self) -> dict[str, Any]:
        """The volume of the suite's files."""
        items = [{"key": key, "path": path} for key, path in self.items]
        return {"name": "suite", "configMap": {"name": self.config_map, "items": items}}

    def _template(self, name: str, *, gpus: int) -> dict[str, Any]:
        amounts: dict[str, Any] = {"cpu": self.cpus, "memory": self.memory}
        if gpus:
            amounts["nvidia.com/gpu"] = gpus
        mounts = [{"name": "suite", "mountPath": FOLDER, "readOnly": True}]
        volumes = [self.files()]
        if self.claim is not None:
            mounts.append({"name": "results", "mountPath": self.claim[1]})
            volumes.append({"name": "results", "persistentVolumeClaim": {"claimName": self.claim[0]}})
        container: dict[str, Any] = {
            "name": name,
            "image": self.image,
            "resources": {"requests": amounts, "limits": dict(amounts)},
            "volumeMounts": mounts,
        }
        if self.secrets:
            container["envFrom"] = [{"secretRef": {"name": secret}} for secret in self.secrets]
        return {"spec": {"containers": [container], "volumes": volumes}}


def job_spec(entrypoint: str, pods: Pods, deadline: int, delete_after: int | None) -> dict[str, Any]:
    """A RayJobSpec.

    Args:
        entrypoint: the command.
        pods: the cluster's pods.
        deadline: seconds that it may be active.
        delete_after: seconds from its end to when it is deleted with all that it has; by default its cluster is shut
            down and the RayJob itself stays.
    """
    if delete_after is None:
        after: Mapping[str, Any] = {"shutdownAfterJobFinishes": True, "ttlSecondsAfterFinished": _LINGER_SECONDS}
    else:  # the two exclude each other
        ends = ({"jobStatus": "SUCCEEDED"}, {"jobDeploymentStatus": "Failed"})  # the second one also if it never began
        rules = [{"policy": "DeleteSelf", "condition": {**end, "ttlSeconds": delete_after}} for end in ends]
        after = {"deletionStrategy": {"deletionRules": rules}}
    return {
        "entrypoint": entrypoint,
        "backoffLimit": 0,  # the next time goes on where this one ended
        "activeDeadlineSeconds": deadline,
        **after,
        "rayClusterSpec": pods.cluster(),
    }
