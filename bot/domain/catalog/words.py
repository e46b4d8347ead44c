"""The words a catalog is made of: what each may look like, and the sentence when it does not."""

import re
from urllib.parse import urlsplit

from bot.domain.catalog.globs import check_glob
from bot.domain.gate import OWN_PREFIX
from bot.domain.image import ImageRepository, TagTemplate
from bot.domain.workload import WorkloadKind

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
ENVIRONMENT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$"
LABEL_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
WORKLOAD_PATTERN = r"^(deployment|statefulset|daemonset)/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
REPOSITORY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,38}/[A-Za-z0-9._-]{1,100}$"
GITHUB_TEAM_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,38}/[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
LOGIN_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
URL_PATTERN = r"^https?://"

_KINDS = frozenset(WorkloadKind)
_SHORT = {"deploy": "deployment", "sts": "statefulset", "ds": "daemonset"}
_ENDING = {"job", "cronjob"}
_OWNED = {"pod", "replicaset"}
_SHA_LIKE = re.compile(r"[0-9]+|[0-9a-f]{7,64}", re.IGNORECASE)
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NOT_IN_A_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)")
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f<>\"`\\^{|}]")
_LONGEST_REASON = 200
_RESERVED = frozenset({"to", "for"})


def check_name(text: str) -> str:
    """A team's or app's name: one word that a command can carry."""
    return _command_word(_match(NAME_PATTERN, text, "a name: letters, digits, dots, dashes and underscores, up to 100"))


def check_environment(text: str) -> str:
    """GitHub takes up to 255 characters; a command takes one word."""
    what = "an environment: letters, digits, dots, dashes, underscores and slashes, up to 255"
    return _command_word(_match(ENVIRONMENT_PATTERN, text, what))


def _command_word(text: str) -> str:
    if text.casefold() in _RESERVED or _SHA_LIKE.fullmatch(text):
        raise ValueError(f"`{text}` can't be told from the other words of a command (a commit, a number or `to`)")
    return text


def check_namespace(text: str) -> str:
    """One namespace by its whole name, and none that runs the cluster itself."""
    if any(wildcard in text for wildcard in "*?["):
        raise ValueError(f"`{text}` is a pattern; name one namespace exactly")
    if text == "default" or text.startswith("kube-"):
        raise ValueError(f"nothing is deployed to `{text}`; give the app a namespace of its own")
    return check_label(text)


def check_label(text: str) -> str:
    """A Kubernetes label name (RFC 1123): namespaces and containers."""
    return _match(LABEL_PATTERN, text, "a Kubernetes name: a-z, 0-9 and dashes inside, up to 63")


def check_workload(text: str) -> str:
    """`kind/name`; Kubernetes allows dots in a workload's name and 253 characters."""
    kind, slash, name = text.partition("/")
    if not slash or not name:
        raise ValueError(f"`{text}` is not a workload; write it like deployment/checkout")
    if kind not in _KINDS:
        raise ValueError(_not_a_kind(kind, name))
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        raise ValueError(f"`{name}` is not a Kubernetes name: a-z, 0-9, and dots and dashes inside, up to 253")
    return text


def _not_a_kind(kind: str, name: str) -> str:
    """What to write instead; kubectl's short names, plurals and capitals are what people type."""
    word = kind.casefold().partition(".")[0]
    singular = word if word in _SHORT else word.removesuffix("s")
    known = _SHORT.get(singular, singular)
    if known in _KINDS:
        return f"`{kind}` is written `{known}` here; write {known}/{name}"
    if known in _ENDING:
        return (
            f"a {known} runs to its end, so there is no rollout to watch; name a deployment, statefulset or daemonset"
        )
    if known in _OWNED:
        return f"a {known} can't be deployed to by itself; name the deployment, statefulset or daemonset it belongs to"
    return f"`{kind}` is not a kind of workload; write deployment/{name}, statefulset/{name} or daemonset/{name}"


def check_repository(text: str) -> str:
    """`owner/name`, as GitHub writes it."""
    name = text.partition("/")[2]
    if "://" in text or text.startswith("git@") or name.endswith(".git") or name in {".", ".."}:
        raise ValueError(f"`{text}` is not owner/name; write it without address and .git, like acme/checkout")
    return _match(REPOSITORY_PATTERN, text, "owner/name, like acme/checkout")


def check_github_team(text: str) -> str:
    """`organisation/team-slug`, without an @."""
    return _match(GITHUB_TEAM_PATTERN, text, "organisation/team, like acme/payments (without @)")


def check_login(text: str) -> str:
    """A person's login, without an @."""
    return _match(LOGIN_PATTERN, text, "a GitHub login, like alice (without @)")


def check_people(people: dict[str, int]) -> dict[str, int]:
    """Logins with numbers, each once: GitHub ignores capitals, and two logins of one number are a slip."""
    logins: dict[str, str] = {}
    numbers: dict[int, str] = {}
    for login, number in people.items():
        if (first := logins.setdefault(login.casefold(), login)) != login:
            raise ValueError(f"`{first}` and `{login}` are one login (GitHub ignores capitals); keep one")
        if (first := numbers.setdefault(number, login)) != login:
            raise ValueError(f"`{first}` and `{login}` have one number, {number}; a person is here once")
    return people


def check_reason(text: str) -> str:
    """A few words for people, on one line."""
    if not text.strip() or len(text) > _LONGEST_REASON or not text.isprintable():
        raise ValueError(f"a reason is one line of words for people, up to {_LONGEST_REASON} characters")
    return text.strip()


def check_branch(text: str) -> str:
    """A branch's name without `refs/heads/`, by the rules of git-check-ref-format(1)."""
    if text.startswith("refs/"):
        raise ValueError(f"write the branch without refs/heads/: {text.removeprefix('refs/heads/')}")
    if text.startswith(("-", "/", ".")) or text.endswith(("/", ".")) or text in {"", "@"}:
        raise ValueError(f"`{text}` is not a branch's name")
    if _NOT_IN_A_BRANCH.search(text) or len(text) > 255:
        raise ValueError(f"`{text}` is not a branch's name (one branch, no pattern)")
    return text


def check_image(text: str) -> str:
    """An image's repository, without tag and digest."""
    return ImageRepository.parse(text).text


def check_tag(text: str) -> str:
    """A tag that differs from commit to commit; one that moves could hold another commit's image."""
    template = TagTemplate.parse(text)
    if not (template.names_commit or template.needs_pull_request):
        raise ValueError(f"`{text}` is the same for every commit; use {{sha}}, {{short_sha}} or {{pr}} in it")
    return template.text


def check_url(text: str) -> str:
    """A web address that is safe to put on a pull request."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or _NOT_IN_A_URL.search(text):
        raise ValueError(f"`{text}` is not a web address; write it like https://shop.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a web address with a user name or password would be shown to everybody; write it without")
    return text


def check_path(text: str) -> str:
    """One pattern of `paths:`."""
    return check_glob(text)


def check_paths(patterns: list[str]) -> list[str]:
    """All patterns of `paths:`; exclusions alone would silence the app for good."""
    if patterns and all(pattern.startswith("!") for pattern in patterns):
        raise ValueError("every pattern has a `!`, so no change would ever concern this app; begin with what does")
    return patterns


def check_check(text: str) -> str:
    """The name of a check run or the context of a commit status, as GitHub shows it."""
    if not text.strip() or text != text.strip() or any(ord(character) < 32 for character in text):
        raise ValueError("a check's name is empty or has spaces around it; write it as GitHub shows it")
    if text.casefold().startswith(OWN_PREFIX):
        raise ValueError(f"`{text}` is Greenlane's own check, which never counts; remove it")
    return text


def _match(pattern: str, text: str, what: str) -> str:
    # `fullmatch`, because `$` alone would let a line end through.
    if not re.fullmatch(pattern, text):
        raise ValueError(f"`{text}` is not {what}")
    return text
