"""An image is named by registry, path, and tag or digest, and by nothing else."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import image_reference
from domain.errors import Invalid
from tests.domain.refusals import refused

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("team/app", "docker.io/team/app:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/library/nginx:1", "docker.io/library/nginx:1"),
        ("localhost/app:1", "localhost/app:1"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("r.example:5000/team/my-app_x.y:V1.2-rc", "r.example:5000/team/my-app_x.y:V1.2-rc"),
        ("[fe80::1]:5000/app", "[fe80::1]:5000/app:latest"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1.27@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        ("deadbeef", "docker.io/library/deadbeef:latest"),
        ("sha256/app", "docker.io/sha256/app:latest"),
        ("a" * 200, "docker.io/library/" + "a" * 200 + ":latest"),
    ],
)
def test_a_reference_has_one_full_form(text: str, full: str) -> None:
    assert str(image_reference.parse_reference(text)) == full
    assert str(image_reference.parse_reference(full)) == full


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "nginx ",
            "\nnginx",
            "nginx\n",
            "Nginx",
            "team/App",
            "R.example/app",
            ":latest",
            "nginx:",
            "nginx@",
        ),
        *("a b", "a\0", "-rm", "a//b", "/a", "a/", ".a", "a.", "a..b", "a___b", "a/-b", "a:b:c", "nginx:.1"),
        *(
            "../x",
            "a/../b",
            "..",
            ".",
            "a/./b",
            "a%2Fb",
            "%2e%2e/x",
            "a?b=c",
            "a#b",
            "a\\b",
            "täg",
            "a" * 256,
            "a" * 9999,
        ),
        *(
            "nginx@sha256:abcd",
            "nginx@md5:" + "a" * 32,
            DIGEST,
            DIGEST[:19],
            "sha256:abc",
            "sha256",
            "0a" * 32,
        ),
        *("0a" * 32 + ":latest", f"sha256@{DIGEST}", "sha512:abc", "[::1]", "https://r.example/app"),
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with refused(Invalid, "`nginx:1.27`", "lower case", field="image"):
        image_reference.parse_reference(text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60) | st.text(alphabet="aF0./:@%_-", max_size=80))
def test_a_full_form_stays_in_its_place_in_a_path(text: str) -> None:
    try:
        full = str(image_reference.parse_reference(text))
    except Invalid:
        return
    assert "/" in full
    assert {"", ".", ".."}.isdisjoint(full.split("/"))
    assert re.fullmatch(r"[a-zA-Z0-9._/:@\[\]-]+", full)
