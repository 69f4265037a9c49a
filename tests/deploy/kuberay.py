"""KubeRay's resources as strict models: a field that it does not have is an error.

From ray-operator/apis/ray/v1/{raycronjob,rayjob,raycluster}_types.go and controllers/ray/utils/validation.go of
github.com/ray-project/kuberay at v1.7.0, and docs.ray.io/en/master/cluster/kubernetes/getting-started. Only what the
manifests here use is declared. With the CRDs at hand (`BENCH_KUBERAY_CRDS`), tests hold manifests against these too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tests.deploy.orders import validate_kubernetes

MOST_CRON_NAME, MOST_JOB_NAME = 36, 47


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class WithPods(Strict):
    template: dict[str, Any]
    rayStartParams: dict[str, str]  # noqa: N815 - their names

    @model_validator(mode="after")
    def check_pods(self) -> Self:
        validate_kubernetes(self.template, "PodTemplateSpec")
        return self


class WorkerGroup(WithPods):
    groupName: str  # noqa: N815
    replicas: int
    minReplicas: int  # noqa: N815
    maxReplicas: int  # noqa: N815


class Cluster(Strict):
    headGroupSpec: WithPods  # noqa: N815
    workerGroupSpecs: list[WorkerGroup] = []  # noqa: N815


class Condition(Strict):
    jobStatus: Literal["SUCCEEDED", "FAILED"] | None = None  # noqa: N815
    jobDeploymentStatus: Literal["Failed"] | None = None  # noqa: N815
    ttlSeconds: Annotated[int, Field(ge=0)] = 0  # noqa: N815

    @model_validator(mode="after")
    def check_one(self) -> Self:
        assert (self.jobStatus is None) != (self.jobDeploymentStatus is None)
        return self


class Rule(Strict):
    policy: Literal["DeleteCluster", "DeleteWorkers", "DeleteSelf", "DeleteNone"]
    condition: Condition


class Deletion(Strict):
    deletionRules: Annotated[list[Rule], Field(min_length=1)]  # noqa: N815


class RayJobSpec(Strict):
    entrypoint: str
    backoffLimit: Annotated[int, Field(ge=0)]  # noqa: N815
    activeDeadlineSeconds: Annotated[int, Field(gt=0)]  # noqa: N815
    shutdownAfterJobFinishes: bool = False  # noqa: N815
    ttlSecondsAfterFinished: Annotated[int, Field(ge=0)] = 0  # noqa: N815
    deletionStrategy: Deletion | None = None  # noqa: N815
    rayClusterSpec: Cluster  # noqa: N815

    @model_validator(mode="after")
    def check_end(self) -> Self:
        assert not (self.deletionStrategy and (self.shutdownAfterJobFinishes or self.ttlSecondsAfterFinished))
        assert self.shutdownAfterJobFinishes or not self.ttlSecondsAfterFinished
        return self


class Metadata(Strict):
    name: str | None = None
    generateName: str | None = None  # noqa: N815
    namespace: str | None = None


class RayJob(Strict):
    apiVersion: Literal["ray.io/v1"]  # noqa: N815
    kind: Literal["RayJob"]
    metadata: Metadata
    spec: RayJobSpec


class RayCronJobSpec(Strict):
    schedule: str
    jobTemplate: RayJobSpec  # noqa: N815 - a RayJobSpec itself, unlike a CronJob's
    suspend: bool | None = None
    timeZone: Annotated[str | None, Field(min_length=1)] = None  # noqa: N815


class RayCronJob(Strict):
    apiVersion: Literal["ray.io/v1"]  # noqa: N815
    kind: Literal["RayCronJob"]
    metadata: Metadata
    spec: RayCronJobSpec
