"""Secrets that tell themselves apart: keys between their markers and tokens with a prefix.

Every repetition is bounded or cannot meet its own start again, so that hostile text costs linear time.
"""

import re
from typing import Final

REDACTED: Final = "[redacted]"

_KEY: Final = r"PRIVATE KEY(?: BLOCK)?-----"
_KEYS: Final = re.compile(
    # Also where the line ends were escaped or the end was cut off.
    rf"-----BEGIN [A-Z0-9 ]{{0,40}}{_KEY}.*?(?:-----END [A-Z0-9 ]{{0,40}}{_KEY}|\Z)",
    re.DOTALL,
)
_KEY_END: Final = re.compile(rf"-----END [A-Z0-9 ]{{0,40}}{_KEY}")
_KEY_LINE: Final = re.compile(r"[A-Za-z0-9+/=]{16,}\s*")

_GITHUB: Final = (r"gh[pousr]_[A-Za-z0-9_.\-]{10,}", r"github_pat_[A-Za-z0-9_]{10,}", r"v1\.[0-9a-f]{40}")
_OTHERS: Final = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])",  # AWS
    r"AIza[A-Za-z0-9_\-]{35}",  # Google
    r"ya29\.[A-Za-z0-9_\-]{20,}",
    r"GOCSPX-[A-Za-z0-9_\-]{20,}",
    r"[A-Za-z0-9_~.\-]{3}8Q~[A-Za-z0-9_~.\-]{31,40}",  # Azure
    r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{10,}",  # Slack
    r"xapp-[0-9]-[A-Za-z0-9\-]{10,}",
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{16,}",
    r"SK[0-9a-f]{32}(?![0-9a-f])",  # Twilio
    r"SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}",  # SendGrid
    r"key-[0-9a-f]{32}(?![0-9a-f])",  # Mailgun
    r"[0-9a-f]{32}-us[0-9]{1,2}",  # Mailchimp
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-[A-Za-z0-9_\-]{16,}",
    r"rubygems_[0-9a-f]{40,}",
    r"gl(?:pat|dt|ptt|rt|ft|imt|agent|soat|cbt|oas)-[A-Za-z0-9_\-.]{16,}",  # GitLab
    r"dckr_(?:pat|oat)_[A-Za-z0-9_\-]{16,}",
    r"do[opr]_v1_[0-9a-f]{40,}",  # DigitalOcean
    r"hv[sbr]\.[A-Za-z0-9_\-]{20,}",  # Vault
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{40,}",  # Terraform
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",  # Shopify
    r"sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_\-]{20,}",  # OpenAI, Anthropic
    r"hf_[A-Za-z0-9]{30,}",
    r"glsa_[A-Za-z0-9_]{30,}",  # Grafana
    r"glc_[A-Za-z0-9+/=]{30,}",
    r"dapi[0-9a-f]{32}",  # Databricks
    r"NRAK-[A-Z0-9]{20,}",  # New Relic
    r"AGE-SECRET-KEY-1[A-Z0-9]{50,}",
    r"sntry[su]_[A-Za-z0-9_+/=\-]{20,}",  # Sentry
    r"ATATT3[A-Za-z0-9_\-=]{20,}",  # Atlassian
    r"[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,}",  # Telegram
    r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9_/]{20,}",
    r"(?<=/api/webhooks/)[0-9]{10,25}/[A-Za-z0-9_\-]{20,}",  # Discord
)
_PREFIXED: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join((*_GITHUB, *_OTHERS))})")
_WEB_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*")


def without_shapes(text: str) -> str:
    """The text without private keys and tokens that are known by their form."""
    text = _without_keys(text)
    return _WEB_TOKEN.sub(REDACTED, _PREFIXED.sub(REDACTED, text))


def _without_keys(text: str) -> str:
    if "-----" not in text:
        return text
    text = _KEYS.sub(REDACTED, text)
    kept: list[str] = []
    for line in text.split("\n"):
        *cut_off, rest = _KEY_END.split(line)
        # The end of a key whose beginning was cut off: its lines are right before.
        while cut_off and kept and _KEY_LINE.fullmatch(kept[-1]):
            kept.pop()
        kept.append(REDACTED + rest if cut_off else line)
    return "\n".join(kept)
