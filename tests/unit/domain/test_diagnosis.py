"""Findings: which signal is named what, when it turns fatal, and what it tells."""

from datetime import timedelta
from time import process_time

import pytest

from bot.domain.diagnosis import decisive, diagnose
from bot.domain.workload import Condition
from tests.unit.domain.rollouts import (
    at,
    container,
    ended,
    observation,
    pod,
    starting,
    stuck,
)

CONTAINERD = "failed to pull and unpack image {image}: failed to resolve image: {cause}"
NOT_FOUND = CONTAINERD.format(image='"reg.example/team/web:v2"', cause="reg.example/team/web:v2: not found")
BACK_OFF = f'Back-off pulling image "reg.example/team/web:v2": ErrImagePull: {NOT_FOUND}'
REFUSED = 'failed to do request: Head "https://reg.example/v2/": dial tcp 10.0.0.1:443: connect: connection refused'


def find(*containers, now=3, **options):
    seen = observation(pod("web-1", *containers), of=options.pop("of", None) or starting(replicas=1), **options)
    return diagnose(seen, seen.new_revision, now=at(now))


@pytest.mark.parametrize(
    ("waiting", "message", "reason", "grace"),
    [
        ("InvalidImageName", 'couldn\'t parse image name "Web:": invalid reference format', "invalid_image_name", 0),
        ("ErrImageNeverPull", "Container image is not present with pull policy of Never", "image_never_pulled", 0),
        ("ErrImagePull", NOT_FOUND, "image_not_found", 0),
        ("ImagePullBackOff", BACK_OFF, "image_not_found", 0),
        ("ErrImagePull", "manifest unknown: manifest unknown", "image_not_found", 0),
        (
            "ErrImagePull",
            "unexpected status from HEAD request to https://reg/v2/x: 404 Not Found",
            "image_not_found",
            0,
        ),
        ("ErrImagePull", "pull access denied, repository does not exist", "image_denied", 0),
        ("ErrImagePull", "failed to authorize: unexpected status: 401 Unauthorized", "image_denied", 0),
        ("ErrImagePull", "no match for platform in manifest: not found", "image_platform", 0),
        ("ErrImagePull", "content digest sha256:0a: not found", "image_not_found", 10),
        ("ErrImagePull", "failed to copy: httpReadSeeker: failed open: not found", "image_not_found", 10),
        ("ErrImagePull", "blob unknown to registry", "image_not_found", 10),
        ("ErrImagePull", "failed to copy: unexpected status: 403 Forbidden", "image_denied", 10),
        ("ErrImagePull", "authorization failed: no basic auth credentials", "image_denied", 0),
        ("ErrImagePull", "error getting credentials: executable file not found in $PATH", "image_denied", 10),
        ("ErrImagePull", "failed to copy: unexpected status: 502 Bad Gateway: not found", "image_pull", 180),
        ("ErrImagePull", "SignatureValidationFailed: rejected by policy", "image_signature", 0),
        ("SignatureValidationFailed", "rejected by policy", "image_signature", 0),
        ("ErrImagePull", REFUSED, "image_pull", 180),
        ("ErrImagePull", "429 Too Many Requests: toomanyrequests: rate limit, not found in cache", "image_pull", 180),
        ("ErrImagePull", "unexpected status: 503 Service Unavailable", "image_pull", 180),
        ("ErrImagePull", "dial tcp: lookup reg.example: i/o timeout", "image_pull", 180),
        ("ErrImagePull", "x509: certificate signed by unknown authority", "image_pull", 180),
        ("ErrImagePull", "write /var/lib/containerd/x: permission denied", "image_pull", 180),
        ("ImagePullBackOff", 'Back-off pulling image "reg.example/team/web:v2"', "image_pull", 180),
        ("CreateContainerConfigError", 'configmap "nope" not found', "container_config", 60),
        ("RunContainerError", 'exec: "/nope": stat /nope: no such file or directory', "cannot_start", 0),
        ("CreateContainerError", "something else", "cannot_start", 10),
    ],
)
def test_a_waiting_reason_is_named_and_fatal_after_its_grace(waiting, message, reason, grace):
    [early] = find(stuck(waiting, message), now=2 + grace - 0.5)
    [late] = find(stuck(waiting, message), now=2 + grace)

    assert early.reason == late.reason == reason
    assert late.fatal
    assert early.fatal == (grace == 0)
    assert late.since == at(2)
    assert late.next_step


@pytest.mark.parametrize(
    ("waiting", "message"),
    [
        ("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition"),
        ("RunContainerError", "failed to create shim task: ttrpc: closed"),
        ("CreateContainerError", "failed to create containerd task: mount failed"),
    ],
)
def test_a_fault_of_the_node_explains_but_is_never_fatal(waiting, message):
    [finding] = find(stuck(waiting, message), now=10_000)

    assert not finding.fatal


@pytest.mark.parametrize("name", ["reg.example/team/denied:v1", "reg.example/not-found/unauthorized:v1"])
def test_the_image_name_cannot_decide_what_the_message_means(name):
    message = CONTAINERD.format(image=f'"{name}"', cause=f"{name}: dial tcp: no such host")

    [finding] = find(stuck("ErrImagePull", message))

    assert (finding.reason, finding.fatal) == ("image_pull", False)


def test_a_name_that_the_nodes_runtime_still_holds_is_the_nodes_fault():
    message = 'failed to reserve container name "web_0": name web_0 is reserved for "0a"'

    [finding] = find(stuck("CreateContainerError", message))

    assert finding.reason == "node_fault"


@pytest.mark.parametrize("word", ["name ", "exec: ", "runtime is ", "500 a", "credential ", '"', "ValidatingAdmission"])
@pytest.mark.parametrize("reason", ["CreateContainerError", "ErrImagePull"])
def test_a_message_that_repeats_itself_is_read_in_no_time(reason, word):
    begin = process_time()

    find(stuck(reason, word * (100_000 // len(word))))

    assert process_time() - begin < 1


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_ordinary_waiting_is_no_finding(reason):
    assert find(stuck(reason)) == ()


def test_the_first_failed_exit_is_told_and_the_second_is_fatal():
    first = container(ready=False, running=False, terminated=ended(3))
    second = container(ready=False, running=False, terminated=ended(3, until=4), last_terminated=ended(3), restarts=1)

    assert [each.fatal for each in find(first)] == [False]
    [finding] = find(second)
    assert finding.fatal
    assert (finding.reason, finding.exit_code, finding.since) == ("crash_loop", 3, at(2.5))
    assert finding.sentence == "container `web` exits with code 3 right after start"


def test_the_log_is_in_the_previous_run_once_the_container_waits_again():
    again = {"ready": False, "running": False, "restarts": 2}
    ended_now = container(terminated=ended(3), last_terminated=ended(3), **again)
    waiting = stuck("CrashLoopBackOff", "back-off 10s restarting", last_terminated=ended(3), restarts=2)

    assert [each.previous_logs for each in find(ended_now)] == [False]
    assert [each.previous_logs for each in find(waiting)] == [True]


def test_restarts_count_where_only_the_last_exit_is_shown():
    waiting = stuck("CrashLoopBackOff", last_terminated=ended(1), restarts=2)

    [finding] = find(waiting)

    assert finding.fatal


def test_out_of_memory_is_named():
    killed = ended(137, reason="OOMKilled")

    [finding] = find(stuck("CrashLoopBackOff", last_terminated=killed, restarts=2))

    assert (finding.reason, finding.exit_code) == ("out_of_memory", 137)
    assert "memory" in finding.sentence
    assert "memory limit" in finding.next_step


def test_a_program_that_ends_with_zero_is_a_crash_loop_too():
    [finding] = find(stuck("CrashLoopBackOff", last_terminated=ended(0, reason="Completed"), restarts=2))

    assert finding.fatal
    assert "ends by itself with code 0" in finding.sentence


def test_a_command_that_cannot_be_run_keeps_its_name_in_the_back_off():
    start = ended(128, reason="StartError", message='exec: "/nope": no such file or directory')

    [finding] = find(stuck("CrashLoopBackOff", last_terminated=start, restarts=2))

    assert (finding.reason, finding.fatal) == ("cannot_start", True)
    assert "no such file" in finding.evidence


def test_a_program_that_is_not_there_is_no_fault_of_the_node_that_says_so():
    words = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        'unable to start container process: exec: "/nope": stat /nope: no such file or directory'
    )
    start = ended(128, reason="StartError", message=words)

    [first] = find(stuck("RunContainerError", words, last_terminated=start))
    [backing_off] = find(stuck("CrashLoopBackOff", "back-off 10s", last_terminated=start, restarts=1))

    assert [(each.reason, each.fatal) for each in (first, backing_off)] == [("cannot_start", True)] * 2


def test_a_start_that_the_node_spoilt_is_excused():
    start = ended(128, reason="StartError", message="failed to create shim task: OCI runtime create failed")

    [finding] = find(stuck("CrashLoopBackOff", last_terminated=start, restarts=2))

    assert not finding.fatal


def test_a_program_cannot_excuse_itself_with_its_last_words():
    said = ended(1, message="cannot mount cgroup shim")

    [finding] = find(stuck("CrashLoopBackOff", last_terminated=said, restarts=2))

    assert finding.fatal


def test_a_container_that_is_ready_again_is_forgiven():
    [finding] = find(container(ready=True, last_terminated=ended(1), restarts=3))

    assert not finding.fatal


@pytest.mark.parametrize(("probed", "restarts", "fatal"), [(True, 2, False), (True, 3, True), (False, 2, True)])
def test_once_ready_excuses_one_more_crash_only_where_a_probe_proved_it(probed, restarts, fatal):
    crashed = container(ready=False, running=False, last_terminated=ended(2), restarts=restarts)
    not_ready_since = (Condition(type="Ready", status="False", changed_at=at(8)),)
    seen = observation(
        pod("web-1", crashed, conditions=not_ready_since), of=starting(readiness_probe="GET :8080/" if probed else "")
    )

    [finding] = diagnose(seen, seen.new_revision, now=at(12))

    assert finding.fatal is fatal


def test_a_crash_later_says_after_how_long():
    [finding] = find(stuck("CrashLoopBackOff", last_terminated=ended(2, since=2, until=7.2), restarts=2))

    assert finding.sentence == "container `web` exits with code 2, 5 s after start"


def test_an_init_container_may_end_with_zero_only():
    good = container(name="prepare", init=True, ready=True, running=False, terminated=ended(0))
    recovered = container(name="prepare", init=True, running=False, terminated=ended(0), last_terminated=ended(1))
    bad = container(name="prepare", init=True, ready=False, terminated=ended(3), last_terminated=ended(3))

    assert find(good) == ()
    assert find(recovered) == ()
    [finding] = find(bad)
    assert finding.fatal
    assert finding.sentence.startswith("init container `prepare` exits with code 3")


def test_messages_are_kept_as_one_bounded_line():
    [finding] = find(stuck("ErrImagePull", "not\n found " + "x" * 5000))

    assert "\n" not in finding.evidence
    assert len(finding.evidence) == 600


def test_without_the_watchs_own_time_the_pods_start_counts():
    [finding] = find(stuck("ErrImagePull", REFUSED, waiting_since=None), now=1 + 180)

    assert finding.since == at(1)
    assert finding.fatal


def test_every_pod_doomed_decides_even_if_one_became_ready_meanwhile():
    loop = container(ready=False, running=False, last_terminated=ended(1), restarts=2)
    seen = observation(pod("web-1", loop), pod("web-2", loop), of=starting())
    findings = diagnose(seen, seen.new_revision, now=at(4))

    assert decisive(findings, seen.pods) == findings[0]


def test_ready_at_an_unknown_time_counts_as_progress():
    loop = container(ready=False, running=False, last_terminated=ended(1), restarts=2)
    ready = pod("web-2", conditions=())
    seen = observation(pod("web-1", loop), ready, of=starting())

    assert decisive(diagnose(seen, seen.new_revision, now=at(4) + timedelta(hours=1)), seen.pods) is None


def test_a_container_that_runs_unready_is_told_after_a_while_and_never_fatal():
    [finding] = find(container(ready=False), now=31)

    assert find(container(ready=False), now=30) == ()
    assert (finding.reason, finding.container, finding.since) == ("not_ready", "web", at(1))
    assert finding.sentence == "container `web` runs and never became ready"
    assert not finding.fatal
    assert not finding.previous_logs
    assert "readiness probe's path and port" in finding.next_step


def test_a_container_that_lost_its_readiness_is_told_so():
    lost = (Condition(type="Ready", status="False", changed_at=at(8)),)
    seen = observation(pod("web-1", container(ready=False), conditions=lost), of=starting(replicas=1))

    [finding] = diagnose(seen, seen.new_revision, now=at(60))

    assert finding.sentence == "container `web` runs and is no longer ready"


def test_ready_containers_and_init_containers_are_not_called_unready():
    assert find(container(), container(name="prepare", init=True, ready=False), now=60) == ()
