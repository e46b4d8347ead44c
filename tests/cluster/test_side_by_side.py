"""The benchmark beside kubectl and helm works on a real cluster; its figures are not tested here, only their order."""

import pytest

from bench.table import Said
from bench.verdicts import Terms, compare
from tests.testbed.bed import TestBed
from tests.testbed.cases import BY_NAME

pytestmark = pytest.mark.cluster
SHORT = Terms(timeout=30, soak=1, progress_deadline=12)


async def test_greenlane_knows_of_a_missing_tag_before_kubectl_and_helm_do(real_node: TestBed) -> None:
    rows = await compare(real_node, [BY_NAME["missing-tag"]], SHORT)

    assert len(rows) == 1, "the case could not be set up; the reason is on stderr"
    greenlane, kubectl, helm = rows[0].outcomes
    assert [greenlane.said, kubectl.said, helm.said] == [Said.FAILED] * 3
    assert greenlane.seconds < min(kubectl.seconds, helm.seconds)
    assert "can't find the image" in greenlane.text
    assert kubectl.text == 'error: deployment "web" exceeded its progress deadline'
    assert "UPGRADE FAILED" in helm.text
