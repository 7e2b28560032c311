"""What of an address only signs it: the names that stores put into a query, and the address without them. Pure.

A name counts as part of a signature only beside the one that holds the signature itself: elsewhere ``e``, ``sp`` or
``expires`` may tell one file from another.
"""

from __future__ import annotations

from urllib.parse import unquote_plus, urlsplit

__all__ = ["SIGNATURES", "unsigned"]

# Where the signature itself stands, in lower case, and what stands beside it for its sake. What changes the file
# (versionId, x-oss-process, response-content-type) is not among them.
FAMILIES: dict[str, frozenset[str]] = {
    "signature": frozenset(  # CloudFront, older S3, Google and Alibaba
        {"expires", "policy", "key-pair-id", "hash-algorithm", "awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "security-token", "x-amz-security-token"}
    ),
    "sig": frozenset(  # Azure: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
        {"sv", "st", "se", "sr", "sp", "sip", "spr", "ss", "srt", "skoid", "sktid", "skt", "ske", "sks", "skv"}
    ),
    "hmac": frozenset({"exp", "expires"}),
    "x-signature": frozenset({"x-expires"}),
    **{
        f"x-{store}-signature": frozenset(
            f"x-{store}-{name}"
            for name in ("algorithm", "credential", "date", "expires", "signedheaders", "security-token", "signature-version", "additional-headers")
        )
        for store in ("amz", "goog", "oss", "tos", "bce")
    },
}  # fmt: skip
# A token may sign an address or name a file, so it is not left out of one; that it ends one day is likely either way.
SIGNATURES = frozenset({*FAMILIES, "policy", "token", "x-amz-security-token"})


def unsigned(url: str) -> str:
    """Return an address without what signs it, and without its fragment.

    Args:
        url: The address; where it cannot be read, it is returned as it is.
    """
    try:
        address = urlsplit(url)
    except ValueError:
        return url
    parts = [(unquote_plus(part.partition("=")[0]).lower(), part) for part in address.query.split("&") if part]
    signing = {name for name, _ in parts} & FAMILIES.keys()
    left_out = signing.union(*(FAMILIES[name] for name in signing))
    query = "&".join(part for name, part in parts if name not in left_out)
    return address._replace(query=query, fragment="").geturl()
