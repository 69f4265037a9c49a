"""Manifests for Kubernetes: valid, with all files in them, and with results that outlive the pods."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bench.deploy import Bundle, Order
from bench.errors import ArgumentError
from tests.deploy import kuberay
from tests.deploy.orders import AWKWARD, documents, is_name, order, validate_kubernetes, written

S3 = "s3://bucket/results"
VARIANTS: dict[str, dict[str, Any]] = {
    "small": {},
    "large": {"workers": 3, "gpus": "1", "cpus": 8, "memory": "64Gi", "secret": ("store", "wandb"), "namespace": "ml"},
    "deleted": {"delete_after": 3600},
}


def manifest(what: Order | None = None, **given: Any) -> list[Any]:
    (document,) = written("kubernetes", what or order(out=S3), image="me/bench:1", **given)
    return documents(document.text)


def find(things: list[Any], kind: str) -> Any:
    (found,) = [thing for thing in things if thing["kind"] == kind]
    return found


def against_crd(thing: Any) -> None:
    """Hold an object against KubeRay's own definition, where somebody says that it is there."""
    folder = os.environ.get("BENCH_KUBERAY_CRDS")
    if not folder:
        return
    (crd,) = documents((Path(folder) / f"ray.io_{thing['kind'].lower()}s.yaml").read_text())
    (schema,) = [v["schema"]["openAPIV3Schema"] for v in crd["spec"]["versions"] if v["name"] == "v1"]
    jsonschema.validate(thing, closed(schema))


def closed(schema: Any) -> Any:
    """Kubernetes drops unknown fields without a word; here, they are errors; and its own union of types is JSON's."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) for key, value in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
    names = out.get("properties", {}).keys() if schema.get("type") == "object" else set()
    if names and "apiVersion" not in names:
        out.setdefault("additionalProperties", False)
    return out


@pytest.mark.parametrize("given", VARIANTS.values(), ids=VARIANTS.keys())
def test_a_ray_cron_job_is_one(given: dict[str, Any]) -> None:
    things = manifest(order(out=S3, timezone="Europe/Berlin"), **given)
    assert [thing["kind"] for thing in things] == ["ConfigMap", "RayCronJob"]
    validate_kubernetes(things[0])
    job = kuberay.RayCronJob.model_validate(things[1])
    against_crd(things[1])
    assert (job.spec.schedule, job.spec.timeZone, job.spec.suspend) == ("0 2 * * *", "Europe/Berlin", False)
    assert job.spec.jobTemplate.activeDeadlineSeconds < 86400 - 3600  # also on the day that summer time begins
    assert len(str(job.metadata.name)) <= kuberay.MOST_CRON_NAME


@pytest.mark.parametrize("given", VARIANTS.values(), ids=VARIANTS.keys())
def test_a_cron_job_makes_ray_jobs_one_at_a_time(given: dict[str, Any]) -> None:
    things = manifest(kind="cronjob", **given)
    assert [t["kind"] for t in things] == ["ConfigMap", "ServiceAccount", "Role", "RoleBinding", "CronJob"]
    for thing in things:
        validate_kubernetes(thing)
    assert find(things, "CronJob")["spec"]["concurrencyPolicy"] == "Forbid"
    (inner,) = documents(find(things, "ConfigMap")["data"]["rayjob.yaml"])
    job = kuberay.RayJob.model_validate(inner)
    against_crd(inner)
    assert len(str(job.metadata.generateName)) + 5 <= kuberay.MOST_JOB_NAME


@pytest.mark.parametrize("name", ["x" * 80, "Ümläute & Co.", "a_b.c", "a" * 29 + "--b"])
def test_names_are_taken_by_kubernetes(name: str) -> None:
    for thing in manifest(order(name=name, out=S3)):
        assert is_name(thing["metadata"]["name"])
    assert len(find(manifest(order(name=name, out=S3)), "RayCronJob")["metadata"]["name"]) <= kuberay.MOST_CRON_NAME


def test_the_files_of_the_suite_are_where_the_command_finds_them() -> None:
    things = manifest()
    data = find(things, "ConfigMap")["data"]
    head = find(things, "RayCronJob")["spec"]["jobTemplate"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    (volume,) = [v for v in head["volumes"] if v["name"] == "suite"]
    (mount,) = [m for m in head["containers"][0]["volumeMounts"] if m["name"] == "suite"]
    found = {f"{mount['mountPath']}/{item['path']}": data[item["key"]] for item in volume["configMap"]["items"]}
    assert found["/etc/bench/suites/a.yaml"] == "name: My_Suite\nseeds: 1\n"
    assert found["/etc/bench/plugins/p.py"] == "x = 1\n"
    assert find(things, "RayCronJob")["spec"]["jobTemplate"]["entrypoint"] == "sh /etc/bench/scheduled.sh"
    assert found["/etc/bench/scheduled.sh"].splitlines()[2:] == [
        "bench run /etc/bench/suites/a.yaml --out s3://bucket/results --exclusive --address auto",
        "bench compare s3://bucket/results/My_Suite --with-last",
    ]


def test_arguments_reach_the_command_as_they_are(tmp_path: Path) -> None:
    data = find(manifest(order(out=S3, options=("--set", AWKWARD))), "ConfigMap")["data"]
    assert run_script(tmp_path, data["scheduled.sh"], bench='printf "%s\\n" "$@"').stdout.splitlines()[5] == AWKWARD


def test_nothing_is_compared_where_the_run_fails(tmp_path: Path) -> None:
    data = find(manifest(), "ConfigMap")["data"]
    ended = run_script(tmp_path, data["scheduled.sh"], bench='echo "$1"; exit 2')
    assert (ended.returncode, ended.stdout) == (2, "run\n")
    worse = run_script(tmp_path, data["scheduled.sh"], bench='echo "$1"; test "$1" = run || exit 3')
    assert (worse.returncode, worse.stdout) == (3, "run\ncompare\n")


@pytest.mark.parametrize(
    ("answers", "code"),
    [(["j=", "j=Running", "j=Complete"], 0), (["j=Failed"], 1), (["j=ValidationFailed"], 1), ([None, "j=Complete"], 0)],
)
def test_the_pod_of_a_cron_job_ends_as_its_ray_job(tmp_path: Path, answers: list[str | None], code: int) -> None:
    """An API that does not answer once is asked again; the first answer after creation may have no status yet."""
    lines = [f"{i}) {'exit 1' if a is None else f'echo {a}'} ;;" for i, a in enumerate(answers)]
    kubectl = f"""
        test "$1" = create && {{ echo my-job; exit 0; }}
        n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count
        case $n in {" ".join(lines)} *) exit 99 ;; esac"""
    script = find(manifest(kind="cronjob"), "ConfigMap")["data"]["submit.sh"]
    ended = run_script(tmp_path, script, kubectl=kubectl, sleep="exit 0")
    assert ended.returncode == code, ended
    assert ended.stdout == "created rayjob my-job\n"


def test_a_ray_job_that_is_gone_ends_the_pod(tmp_path: Path) -> None:
    script = find(manifest(kind="cronjob"), "ConfigMap")["data"]["submit.sh"]
    ended = run_script(tmp_path, script, kubectl='test "$1" = create && echo my-job; exit 0', sleep="exit 0")
    assert (ended.returncode, ended.stderr) == (1, "rayjob my-job has been deleted\n")


@pytest.mark.parametrize(
    "text", ["  first\nsecond", "a: |\n\tb \n\n", "# é → 😀\n'\"\\\n", "---\nx: 1\n...\n", "\n\n x\n"]
)
def test_files_of_any_text_come_back(text: str) -> None:
    what = order(out=S3)
    changed = Order(what.command, Bundle("a.yaml", {"a.yaml": text}), what.timetable, what.folder)
    assert find(manifest(changed), "ConfigMap")["data"]["0.yaml"] == text


def test_results_lie_on_the_claim() -> None:
    things = manifest(order(out="/data/results"), claim="disk:/data", workers=1)
    cluster = find(things, "RayCronJob")["spec"]["jobTemplate"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], cluster["workerGroupSpecs"][0]):
        pod = group["template"]["spec"]
        assert {"name": "results", "mountPath": "/data"} in pod["containers"][0]["volumeMounts"]
        assert {"name": "results", "persistentVolumeClaim": {"claimName": "disk"}} in pod["volumes"]


@pytest.mark.parametrize(
    ("out", "given", "told"),
    [
        ("results", {}, "--out: found 'results', which is gone with its pod"),
        ("/elsewhere", {"claim": "disk:/data"}, "or a folder below /data"),
        (S3, {"claim": "disk"}, "--claim: found 'disk'"),
        (S3, {"kind": "job"}, "--kind: found 'job'; input should be 'raycronjob' or 'cronjob'"),
        (S3, {"gpus": "two"}, "--gpus: found 'two'"),
        (S3, {"partition": "x"}, "--partition: kubernetes has no use for it; expected --claim, --cpus,"),
        (S3, {"image": None}, "--image: kubernetes needs it"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(out: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ArgumentError) as error:
        written("kubernetes", order(out=out), **{"image": "x", **given})
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_files_too_large_for_a_config_map_are_refused() -> None:
    what = order(out=S3)
    large = Order(what.command, Bundle("a.yaml", {"a.yaml": "#" * 2**20}), what.timetable, what.folder)
    with pytest.raises(ArgumentError, match="a ConfigMap holds 1048576; put them into the image"):
        written("kubernetes", large, image="x")


def run_script(folder: Path, script: str, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run a script of a pod with programs of ours in place of those that it calls."""
    for name, body in programs.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run(
        ["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
