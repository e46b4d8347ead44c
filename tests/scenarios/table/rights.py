"""Who may: permission, team, the environment's own people; read when a command is taken, and again at the start."""

from tests.scenarios.acts import (
    answers,
    appears,
    breaks,
    ci,
    comments,
    deployed,
    edits,
    grants,
    joins,
    keeps_quiet,
    leaves,
    merged,
    merges,
    opens,
    reacts,
    runs,
    says,
    settles,
    silence,
    tells,
    untouched,
    vanishes,
    waits,
)
from tests.scenarios.row import Act, House, Scenario, row

ASKED = House(staging={"deploy": "on-command"}, production={})
DANA = House(staging={"deploy": "on-command"}, people=("dana",))
ONLY_DANA = House(
    staging={"deploy": "on-command"}, production={"deployers": {"people": {"dana": "ID:dana"}}}, people=("dana",)
)
ONLY_SRE = House(staging={"deploy": "on-command", "deployers": {"teams": ["TEAM/sre"]}}, people=("dana",))
BY_DEPLOYERS = House(staging={"merged_by": "deployers", "deployers": {"people": {"dana": "ID:dana"}}}, people=("dana",))
TEAM = "^/api/v3/orgs/{owner}/teams/|/orgs/{owner}/teams/"
ROLE = "repos/get-collaborator-permission-level"


def _refused(name: str, *before: Act, by: str, line: str, audit: str, says_so: str, house: House = ASKED) -> Scenario:
    return row(
        name,
        merged("a"),
        *before,
        says(line, by=by),
        reacts("confused"),
        answers(says_so),
        untouched(),
        house=house,
        audit=audit,
    )


def _obeyed(name: str, *before: Act, by: str, house: House = ASKED) -> Scenario:
    return row(
        name,
        merged("a"),
        *before,
        says("/deploy staging", by=by),
        runs("a"),
        reacts("eyes", "rocket"),
        house=house,
        audit="deploy accepted",
        intents="manual a succeeded",
    )


def _lost(name: str, *meanwhile: Act, reason: str, words: str) -> Scenario:
    """The right is lost between acceptance and start."""
    return row(
        name,
        opens("a"),
        says("/deploy staging", by="dana"),
        reacts("eyes"),
        *meanwhile,
        ci("a"),
        reacts("eyes", "confused"),
        tells("was not deployed", "may no longer deploy here", words),
        untouched(),
        house=DANA,
        audit="deploy accepted",
        intents=f"manual a refused {reason}",
    )


CHANGES = ("/deploy staging", "/rollback staging", "/lock staging", "/unlock staging", "/hold staging")
CHANGES += ("/resume staging", "/abort staging")

ROWS = (
    *(
        _refused(
            f"{line.split()[0][1:]}-outside-the-team",
            by="carol",
            line=line,
            audit=f"{line.split()[0][1:]} not_in_team",
            says_so="membership of the team",
        )
        for line in CHANGES
    ),
    *(
        _refused(
            f"{line.split()[0][1:]}-by-a-reader",
            by="mallory",
            line=line,
            audit=f"{line.split()[0][1:]} no_write_permission",
            says_so="needs write permission",
        )
        for line in (*CHANGES, "/status", "/why", "/help", "/diff staging")
    ),
    _refused(
        "mistake-of-a-reader",
        by="mallory",
        line="/deploy nowhere",
        audit="deploy no_write_permission",
        says_so="needs write permission",
    ),
    _refused(
        "triage-is-not-enough",
        grants("triage", "mallory"),
        by="mallory",
        line="/deploy staging",
        audit="deploy no_write_permission",
        says_so="needs write permission",
    ),
    _obeyed("maintain", grants("maintain", "alice"), by="alice"),
    _obeyed("admin", grants("admin", "alice"), by="alice"),
    _obeyed("role-of-their-own", grants("write", "alice", name="deployer"), by="alice"),
    _refused(
        "team-without-write",
        joins("mallory"),
        by="mallory",
        line="/deploy staging",
        audit="deploy no_write_permission",
        says_so="needs write permission",
    ),
    _refused(
        "invited-to-the-team",
        joins("carol", state="pending"),
        by="carol",
        line="/deploy staging",
        audit="deploy not_in_team",
        says_so="membership of the team",
    ),
    _obeyed("team-below-the-team", joins("carol", "night", below="crew"), by="carol"),
    _obeyed("joined-just-now", joins("carol"), by="carol"),
    _refused(
        "left-the-team",
        leaves("dana"),
        by="dana",
        line="/deploy staging",
        audit="deploy not_in_team",
        says_so="membership of the team",
        house=DANA,
    ),
    _refused(
        "look-alike",
        appears("a1ice", "read", ""),
        by="a1ice",
        line="/deploy staging",
        audit="deploy no_write_permission",
        says_so="needs write permission",
    ),
    _lost("role-lost-meanwhile", grants("read", "dana"), reason="no_write_permission", words="needs write permission"),
    _lost("team-left-meanwhile", leaves("dana"), reason="not_in_team", words="membership of the team"),
    _lost(
        "login-taken-meanwhile",
        vanishes("dana"),
        appears("dana"),
        reason="login_reused",
        words="belongs to another account",
    ),
    row(
        "account-gone-before-read",
        merged("a"),
        breaks("issues/get-comment", times=2),
        says("/deploy staging", by="dana"),
        vanishes("dana"),
        appears("dana"),
        settles(),
        untouched(),
        comments(0),
        house=DANA,
    ),
    row(
        "deployer-deploys",
        merged("a"),
        says("/deploy production", by="dana"),
        runs("a", env="production"),
        reacts("eyes", "rocket"),
        house=ONLY_DANA,
        audit="deploy accepted",
        intents="manual a succeeded",
    ),
    *(
        _refused(
            f"{verb}-by-no-deployer",
            by="alice",
            line=f"/{verb} production",
            audit=f"{verb} not_a_deployer",
            says_so="names who may deploy",
            house=ONLY_DANA,
        )
        for verb in ("deploy", "rollback", "abort")
    ),
    row(
        "lock-by-no-deployer",
        opens("a"),
        says("/lock production"),
        reacts("rocket"),
        says("/unlock production"),
        reacts("rocket"),
        house=ONLY_DANA,
        audit="lock accepted · unlock accepted",
    ),
    _obeyed("deployers-are-a-team", joins("dana", "sre"), by="dana", house=ONLY_SRE),
    _refused(
        "not-of-the-deployers-team",
        joins("dana", "sre"),
        by="alice",
        line="/deploy staging",
        audit="deploy not_a_deployer",
        says_so="names who may deploy",
        house=ONLY_SRE,
    ),
    row(
        "deployers-team-left-meanwhile",
        joins("dana", "sre"),
        opens("a"),
        says("/deploy staging", by="dana"),
        reacts("eyes"),
        leaves("dana", "sre"),
        ci("a"),
        reacts("eyes", "confused"),
        untouched(),
        house=ONLY_SRE,
        audit="deploy accepted",
        intents="manual a refused not_a_deployer",
    ),
    row(
        "merge-of-a-deployer",
        opens("a"),
        merges("a", by="dana"),
        ci("a"),
        runs("a"),
        house=BY_DEPLOYERS,
        intents="automatic a succeeded",
    ),
    row(
        "merge-of-somebody-else",
        opens("a"),
        merges("a", by="bob"),
        ci("a"),
        tells("was not deployed", "who merged it, may not deploy here", "/deploy staging"),
        untouched(),
        says("/deploy staging", by="dana"),
        runs("a"),
        reacts("eyes", "rocket"),
        house=BY_DEPLOYERS,
        audit="deploy accepted",
        intents="automatic a refused not_a_deployer · manual a succeeded",
    ),
    row(
        "team-forbidden",
        merged("a"),
        breaks(path=TEAM, kind="forbidden", times=None),
        says("/deploy staging"),
        reacts("confused"),
        answers("does not let me see the rights"),
        untouched(),
        house=ASKED,
        audit="deploy rights_unreadable",
    ),
    row(
        "team-not-found",
        merged("a"),
        breaks(path=TEAM, kind="not_found", times=None),
        says("/deploy staging"),
        reacts("confused"),
        answers("I did not do `/deploy staging`"),
        untouched(),
        house=ASKED,
        audit="deploy not_in_team",
    ),
    row(
        "team-ill",
        merged("a"),
        breaks(path=TEAM, status=503, times=2),
        says("/deploy staging"),
        runs("a"),
        reacts("eyes", "rocket"),
        house=ASKED,
        audit="deploy accepted",
        intents="manual a succeeded",
    ),
    row(
        "role-forbidden",
        merged("a"),
        breaks(ROLE, kind="forbidden", times=None),
        says("/status"),
        reacts("confused"),
        answers("does not let me see the rights"),
        house=ASKED,
        audit="status rights_unreadable",
    ),
    row(
        "team-forbidden-at-start",
        opens("a"),
        says("/deploy staging"),
        reacts("eyes"),
        waits("a", "", "build"),
        breaks(path=TEAM, kind="forbidden", times=None),
        ci("a"),
        reacts("eyes", "confused"),
        tells("was not deployed", "does not let me see the rights"),
        untouched(),
        house=ASKED,
        audit="deploy accepted",
        intents="manual a refused rights_unreadable",
    ),
    row(
        "help-for-the-team",
        opens("a"),
        says("/help"),
        reacts("rocket"),
        answers("/deploy [environment]", "/lock [environment]", "**staging**", "**production**"),
        keeps_quiet("You may not use"),
        house=ASKED,
        audit="help answered",
    ),
    row(
        "help-outside-the-team",
        opens("a"),
        says("/help", by="carol"),
        reacts("rocket"),
        answers("`/status`", "You may not use the others", "membership of the team"),
        keeps_quiet("/deploy [environment]", "/lock [environment]"),
        house=ASKED,
        audit="help answered",
    ),
    row(
        "edit-of-others-is-nothing",
        merged("a"),
        says("/lgtm", by="bob"),
        settles(),
        edits("/deploy staging", by="carol"),
        silence(),
        untouched(),
        house=ASKED,
    ),
    row(
        "status-outside-the-team",
        deployed("a"),
        says("/status", by="carol"),
        reacts("rocket"),
        answers("what runs where", "**staging**: `{a.short}`", "healthy", "**production**: nothing deployed"),
        house=House(production={}),
        audit="status answered",
        intents="automatic a succeeded",
    ),
)
