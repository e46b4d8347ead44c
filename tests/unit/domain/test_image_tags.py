"""Tag templates: what CI calls an image."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.image import TagTemplate
from bot.errors import RejectedError

SHA = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"


@pytest.mark.parametrize(
    ("template", "tag"),
    [
        ("{sha}", SHA),
        ("{short_sha}", "a1b2c3d"),
        ("sha-{short_sha}", "sha-a1b2c3d"),
        ("{branch}", "feature-login"),
        ("{branch}-{short_sha}", "feature-login-a1b2c3d"),
        ("pr-{pr}", "pr-42"),
        ("v1.{pr}_{sha}", f"v1.42_{SHA}"),
        ("latest", "latest"),
    ],
)
def test_a_template_renders_the_name_ci_gave(template, tag):
    assert TagTemplate.parse(template).render(sha=SHA, branch="feature/login", pull_request=42) == tag


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("{commit}", "{sha}, {short_sha}, {branch}, {pr}"),
        ("{SHA}", "not a placeholder"),
        ("{}", "not a placeholder"),
        ("{sha!r}", "not a placeholder"),
        ("{sha", "single braces"),
        ("{{sha}}", "single braces"),
        ("", "cannot be a tag"),
        ("-{sha}", "beginning"),
        (".{sha}", "beginning"),
        ("v/{sha}", "cannot be a tag"),
        ("{sha}:x", "cannot be a tag"),
        ("{sha} ", "cannot be a tag"),
        ("x" * 129, "128"),
    ],
)
def test_a_wrong_template_is_refused_when_the_catalog_is_read(template, part):
    with pytest.raises(ValueError) as refused:
        TagTemplate.parse(template)

    assert part in str(refused.value)


@pytest.mark.parametrize(
    ("branch", "tag"),
    [
        ("main", "main"),
        ("release/1.2", "release-1.2"),
        ("banner-utils-test-#5", "banner-utils-test--5"),
        ("a//b", "a-b"),
        ("user@host/ünï", "user-host-n-"),
        ("UPPER_case", "UPPER_case"),
    ],
)
def test_branches_become_tags_as_metadata_action_makes_them(branch, tag):
    assert TagTemplate.parse("{branch}").render(sha=SHA, branch=branch, pull_request=None) == tag


def test_a_pull_request_number_is_needed_only_where_it_is_named():
    assert TagTemplate.parse("{sha}").render(sha=SHA, branch="main", pull_request=None) == SHA
    with pytest.raises(RejectedError) as refused:
        TagTemplate.parse("pr-{pr}").render(sha=SHA, branch="main", pull_request=None)

    assert refused.value.reason == "tag_needs_pull_request"
    assert "a1b2c3d did not come with a pull request" in refused.value.sentence


@pytest.mark.parametrize(
    ("branch", "part"), [("x" * 129, "129 characters"), ("ünicode", "begins with"), ("", "begins with")]
)
def test_a_branch_that_makes_no_tag_is_refused_with_the_reason(branch, part):
    with pytest.raises(RejectedError) as refused:
        TagTemplate.parse("{branch}").render(sha=SHA, branch=branch, pull_request=None)

    assert refused.value.reason == "tag_invalid"
    assert part in refused.value.sentence


@pytest.mark.parametrize("sha", ["", "a1b2c3d", SHA.upper(), SHA + "\n", "latest"])
def test_only_a_full_sha_is_rendered(sha):
    with pytest.raises(ValueError, match="full commit SHA"):
        TagTemplate.parse("{sha}").render(sha=sha, branch="main", pull_request=None)


@pytest.mark.parametrize(
    ("template", "names"),
    [("{sha}", True), ("x-{short_sha}", True), ("{branch}", False), ("pr-{pr}", False), ("latest", False)],
)
def test_a_template_tells_whether_its_tag_is_one_commits_own(template, names):
    assert TagTemplate.parse(template).names_commit is names


pieces = st.sampled_from(["{sha}", "{short_sha}", "{branch}", "{pr}", "v", "-", ".", "_", "{", "}", "{nope}", "/", " "])


@given(
    template=st.lists(pieces, max_size=6).map("".join),
    branch=st.text(max_size=60),
    pull_request=st.none() | st.integers(min_value=1, max_value=10**7),
)
def test_whatever_renders_is_a_tag_a_registry_takes(template, branch, pull_request):
    try:
        tag = TagTemplate.parse(template).render(sha=SHA, branch=branch, pull_request=pull_request)
    except (ValueError, RejectedError):
        return

    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", tag)


@given(branch=st.text(max_size=60), pull_request=st.integers(min_value=1, max_value=10**7))
def test_a_placeholder_inside_a_branch_is_not_filled_in(branch, pull_request):
    rendered = TagTemplate.parse("b{branch}").render(sha=SHA, branch="{sha}" + branch[:60], pull_request=pull_request)

    assert SHA not in rendered
