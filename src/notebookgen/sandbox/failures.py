"""How jobs fail, in each service's own words; codes that no page of the service knows are not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAILURES", "text_of"]

#: Armox has texts alone (https://armox.ai/academy/api-jobs), so its codes never leave the sandbox. APIXO has two
#: families of codes, the older in capitals (https://apixo.ai/docs/api-reference/errors, .../error-codes).
FAILURES: Mapping[str, Mapping[str, str]] = {
    "armox": {
        "refused": "The request was refused by the content policy",
        "upstream": "The upstream provider returned an error",
        "timeout": "The generation timed out",
    },
    "apimodels": {
        "CONTENT_MODERATION": "Content policy violation",
        "UPSTREAM_BUSY": "The upstream model is overloaded",
        "TIMEOUT": "The upstream model did not answer in time",
        "INVALID_INPUT": "The input could not be used",
        "UPSTREAM_FAILED": "The upstream model failed",
        "INTERNAL_ERROR": "Internal error",
        "": "Generation failed",  # failCode can be null
    },
    "apixo": {
        "CONTENT_VIOLATION": "The prompt violates the content policy",
        "NSFW_DETECTED": "Inappropriate content was detected",
        "PROCESSING_TIMEOUT": "Processing took too long",
        "GENERATION_FAILED": "The generation failed",
        "MODEL_UNAVAILABLE": "The model is temporarily unavailable",
        "SensitiveContentDetected": "The prompt may contain sensitive content",
        "InputImageSensitiveContentDetected": "An input image may contain sensitive content",
        "ProhibitedContentDetected": "Prohibited content was detected",
    },
}


def text_of(service: str, code: str) -> str:
    """Return the text that goes with a code."""
    return FAILURES[service].get(code, "Generation failed")
