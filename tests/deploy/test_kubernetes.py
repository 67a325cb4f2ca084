"""The manifests in deploy/kubernetes are as Kubernetes, CloudNativePG and Chinwag need them."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from chinwag.cli import cli
from chinwag.settings import Settings, load_settings
from tests.support.cloudnative_pg import schema_of
from tests.support.http import http_client
from tests.support.process import ServerStarter, skip_for_lack
from tests.support.repository import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
STOP_SECONDS = 5
"""The time that a server takes to stop, after drain_seconds."""

VERSIONS = ["1.32", "1.37"]
SECRETS = {"chinwag-owner", "chinwag-server", "chinwag-relay", "chinwag-listener"}

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def validator() -> Any:
    """The schemas of Kubernetes: 100 MB, which only these tests need."""
    if find_spec("kubernetes_validate") is None:
        skip_for_lack("kubernetes-validate is missing: pip install -r tests/deploy/requirements.txt")
    return import_module("kubernetes_validate")


def built(folder: Path) -> list[Manifest]:
    """Return what `kubectl apply --kustomize` would apply."""
    if kustomize := shutil.which("kustomize"):
        command = [kustomize, "build"]
    elif kubectl := shutil.which("kubectl"):
        command = [kubectl, "kustomize"]
    else:
        pytest.skip("kubectl and kustomize are missing; Debian has none that is new enough")
    text = subprocess.run([*command, folder], check=True, capture_output=True, text=True).stdout
    return list(yaml.safe_load_all(text))


@pytest.fixture(scope="module", params=["without relays", "with relays"])
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """Both ways in which the guide has them applied."""
    if request.param == "without relays":
        return built(FOLDER)
    folder = tmp_path_factory.mktemp("kubernetes")
    subprocess.run(["cp", "-r", f"{FOLDER}/.", folder], check=True)
    file = folder / "kustomization.yaml"
    text = file.read_text()
    assert "\n# components: [relays]\n" in text
    file.write_text(text.replace("\n# components: [relays]\n", "\ncomponents: [relays]\n"))
    return built(folder)


def of(manifests: list[Manifest], kind: str, name: str = "chinwag") -> Manifest:
    def is_it(one: Manifest) -> bool:
        found = one["metadata"]["name"]
        return one["kind"] == kind and bool(re.fullmatch(rf"{name}(-[0-9a-z]{{10}})?", found))

    [found] = [one for one in manifests if is_it(one)]
    return found


def pods(manifests: list[Manifest]) -> Iterator[Manifest]:
    for one in manifests:
        if one["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield one["spec"]["template"]


def containers(manifests: list[Manifest]) -> Iterator[Manifest]:
    for pod in pods(manifests):
        yield from pod["spec"]["containers"]


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_them(manifests: list[Manifest], validator: Any, version: str) -> None:
    checked = [one for one in manifests if not one["apiVersion"].startswith("postgresql.cnpg.io/")]
    assert {one["kind"] for one in checked} >= {
        "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job", "Namespace", "NetworkPolicy",
        "PodDisruptionBudget", "Service",
    }  # fmt: skip
    for one in checked:
        validator.validate(one, version, strict=True)


def test_kubernetes_refuses_what_is_wrong(manifests: list[Manifest], validator: Any) -> None:
    wrong = of(manifests, "Service") | {"spec": {"port": 80}}
    with pytest.raises(validator.ValidationError):
        validator.validate(wrong, VERSIONS[-1], strict=True)


def test_cloudnative_pg_takes_its_own(manifests: list[Manifest]) -> None:
    checked = [one for one in manifests if one["apiVersion"] == "postgresql.cnpg.io/v1"]
    assert "Cluster" in {one["kind"] for one in checked}
    for one in checked:
        jsonschema_rs.validate(schema_of(one["kind"]), one["spec"])


@pytest.mark.parametrize("spec", [{"instances": "3"}, {"instances": 3, "nowhere": 1}, {}])
def test_cloudnative_pg_refuses_what_is_wrong(spec: Manifest) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema_of("Cluster"), spec)


def test_every_selector_selects_something(manifests: list[Manifest]) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(manifests)] + [{"cnpg.io/cluster": "chinwag-db"}]

    def selects(wanted: dict[str, str]) -> bool:
        return any(wanted.items() <= had.items() for had in labels)

    for one in manifests:
        spec = one.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        if selector and one["kind"] != "Job":
            assert selects(selector.get("matchLabels", selector)), one["metadata"]["name"]
    assert "sessionAffinity" not in yaml.safe_dump(manifests)


def test_every_command_is_one_of_ours(manifests: list[Manifest]) -> None:
    for container in containers(manifests):
        if not container["image"].startswith("chinwag"):
            continue
        program, *arguments = container["command"]
        assert program == "chinwag"
        group: Any = cli
        while hasattr(group, "get_command"):
            group = group.get_command(None, arguments.pop(0))
        group.make_context("chinwag", arguments)  # it checks the options


def test_no_pod_may_do_more_than_it_needs(manifests: list[Manifest]) -> None:
    """That is what the namespace demands (`restricted`), and more."""
    for pod in pods(manifests):
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["spec"]["automountServiceAccountToken"] is False
    for container in containers(manifests):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"] and container["resources"]["limits"]["memory"]
    labels = of(manifests, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_secret_is_in_them(manifests: list[Manifest]) -> None:
    assert "Secret" not in {one["kind"] for one in manifests}
    named = set(re.findall(r"'(?:name|key)': '(chinwag-(?:owner|server|relay|listener))'", str(manifests)))
    assert named <= SECRETS
    for container in containers(manifests):
        for variable in container.get("env", []):
            if "PASSWORD" in variable["name"]:
                assert variable["valueFrom"]["secretKeyRef"]["name"] in SECRETS
            for password in re.findall(r"://\w+:([^@]*)@", variable.get("value", "")):
                assert re.fullmatch(r"\$\([A-Z_]+\)", password)


def environ(manifests: list[Manifest]) -> dict[str, str]:
    """The environment of a server, as Kubernetes puts it together."""
    pod = of(manifests, "Deployment")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    values: dict[str, str] = dict(of(manifests, "ConfigMap")["data"])
    for variable in container["env"]:
        text = variable.get("value", "secret")
        values[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], text)
    if pod.get("enableServiceLinks", True):
        values |= {"CHINWAG_PORT": "tcp://10.0.0.1:80"}  # of the Service named chinwag
    return values


def test_the_environment_has_settings_that_there_are(manifests: list[Manifest]) -> None:
    settings = load_settings(Path("nowhere"), environ(manifests))
    assert settings.database_url == "postgresql://chinwag_server:secret@chinwag-db-rw/chinwag"
    assert settings.read_url == "postgresql://chinwag_server:secret@chinwag-db-ro/chinwag"
    assert settings.public_url == f"https://{settings.allowed_hosts[0]}"
    assert of(manifests, "Ingress")["spec"]["rules"][0]["host"] == settings.allowed_hosts[0]
    for pod in pods(manifests):
        assert pod["spec"]["enableServiceLinks"] is False


def test_a_pod_that_leaves_has_the_time_that_it_needs(manifests: list[Manifest]) -> None:
    pod = of(manifests, "Deployment")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    drains = load_settings(Path("nowhere"), environ(manifests)).drain_seconds
    probe = container["readinessProbe"]
    noticed = probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]
    assert noticed * 2 <= drains
    assert drains + STOP_SECONDS < pod["terminationGracePeriodSeconds"]
    assert "lifecycle" not in container, "a hook that sleeps would be one wait too many"
    strategy = of(manifests, "Deployment")["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_the_database_has_connections_for_all_pods(manifests: list[Manifest]) -> None:
    most = of(manifests, "HorizontalPodAutoscaler")["spec"]["maxReplicas"] + 1
    has = int(of(manifests, "Cluster", "chinwag-db")["spec"]["postgresql"]["parameters"]["max_connections"])
    assert most * (Settings().pool_size + 1) * 1.5 < has
    assert of(manifests, "HorizontalPodAutoscaler")["spec"]["minReplicas"] >= 2


def test_only_whom_servers_believe_reaches_them(manifests: list[Manifest]) -> None:
    rules = of(manifests, "NetworkPolicy")["spec"]["ingress"]
    [ports] = [rule["ports"] for rule in rules]
    assert ports == [{"port": "http"}]
    assert all("namespaceSelector" in peer for rule in rules for peer in rule["from"])


async def test_a_server_runs_with_this_environment(
    manifests: list[Manifest], start_server: ServerStarter
) -> None:
    given = environ(manifests)
    for name in ("DATABASE_URL", "CHINWAG_RELAY_URL"):
        given.pop(name, None)
    server = await asyncio.to_thread(start_server, given | {"CHINWAG_DRAIN_SECONDS": "0"})
    async with http_client(server.url) as http:
        [container] = of(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            assert (await http.get(container[probe]["httpGet"]["path"])).status_code == 200
        through = {"Host": "chat.example", "X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https"}
        assert (await http.get("/api/v1/sign-in-ways", headers=through)).status_code == 200
        assert (await http.get("/metrics", headers=through)).status_code == 404
    await asyncio.to_thread(server.stop)
