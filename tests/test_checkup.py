"""The doctor of a notebook: what readers see in each place, where links lead, what is secret, and what to do about it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notebook_files import code, notebook, page, printed, prose, shown, widget, written
from notebookgen import cli
from notebookgen.checkup import check
from notebookgen.checkup.checkup import examined
from notebookgen.checkup.links import Host, Surroundings, led
from notebookgen.checkup.places import PLACES
from notebookgen.checkup.reading import Output, Unreadable, read
from notebookgen.checkup.secrets import Known, finder
from notebookgen.checkup.sight import Seeing, Verdict
from notebookgen.errors import InvalidCall

if TYPE_CHECKING:
    from pathlib import Path

    from cells import Shell
    from notebookgen.checkup import Checkup

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
AROUND = Surroundings(NOW, {"cdn.apixo.ai": Host("APIXO", 86_400)}, lambda path: path == "pictures/fox.png")
PIXEL = "data:image/png;base64,iVBORw0KGgo="
TRUSTED, UNTRUSTED, GITHUB, CODE, HTML, MARKDOWN, ALONE = (place.name for place in PLACES)
EVERYWHERE = {place.name for place in PLACES}
# Made up here, each as its service makes them, and put together so that no tool takes this file for a leak.
KEY = "sk_live_" + "q8Zr2LmX0pVt7Yk4Wd"
SECRETS = {
    "Anthropic": "sk-ant-" + "api03-kT9vQ2nLx7RbWm4Z",
    "OpenAI": "sk-" + "proj-kT9vQ2nLx7RbWm4ZcY8s",
    "OpenRouter": "sk-or-" + "v1-kT9vQ2nLx7RbWm4ZcY8",
    "Armox": KEY,
    "APIModels": "sk_" + "q8Zr2LmX0pVt7Yk4",
    "Hugging Face": "hf_" + "kT9vQ2nLx7RbWm4ZcY8sUqPwEoIrTz",
    "Replicate": "r8_" + "kT9vQ2nLx7RbWm4ZcY8sUqPwEoIrTz",
    "fal": "3f9a1c77-20be-4d51-9e0f-7ac1d2e83b46" + ":" + "9c41d7f0b2a84e63951dc07be2f4a86d",
    "GitHub": "ghp_" + "kT9vQ2nLx7RbWm4ZcY8sUqPwEoIrTzAaBbCc",
    "GitLab": "glpat-" + "kT9vQ2nLx7RbWm4ZcY8s",
    "Amazon": "AKIA" + "Q7ZK2MX9PVT4YRWD",
    "Google": "AIza" + "kT9vQ2nLx7RbWm4ZcY8sUqPwEoIrTzAaBbC",
    "Slack": "xoxb-" + "7719283-kT9vQ2nLx7Rb",
    "JWT": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJxOFpyMkxtIn0." + "kT9vQ2nLx7RbWm4ZcY8s",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
}


def seen(output: dict[str, Any], around: Surroundings = AROUND, models: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return how an output is seen, place by place, where it is not seen whole."""
    (cell,) = read(json.dumps(notebook(code("x", output))).encode()).cells
    found = {place.name: Seeing(around, models).of(cell.outputs[0], place).verdict for place in PLACES}
    return {name: verdict.name.lower() for name, verdict in found.items() if verdict}


def looked(content: object, *known: Known, name: str = "a.ipynb") -> Checkup:
    """Return what is found in a notebook, or in something else as JSON or as bytes."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return examined(name, data, AROUND, finder(known))


def told(found: Checkup, topic: str) -> list[str]:
    """Return what is said of a topic; problems begin with a mark."""
    return [f"{'! ' * one.problem}{one.said}" for one in found.findings if one.topic == topic]


# What is seen ------------------------------------------------------------------------------------------------------


def test_what_notebookgen_draws_is_seen_everywhere() -> None:
    """A picture as PNG, and a gallery of embedded pictures, are whole in every place."""
    assert {} == seen(shown(image_png="iVBORw0KGgo=", text_plain="saved"))
    assert {} == seen(page(f'<div style="display:grid"><figure><img src="{PIXEL}" alt="a fox"></figure></div>'))


def test_a_clip_of_ours_loses_its_player_on_github_alone() -> None:
    """The player has its address on the tag: what is taken away by GitHub leaves caption and picture."""
    clip = f'<div><video controls src="data:video/webm;base64,AAAA" poster="{PIXEL}"><img src="{PIXEL}"></video><div>saved</div></div>'

    assert {GITHUB: "part"} == seen(page(clip))


def test_a_player_whose_address_stands_inside_is_empty_where_it_is_not_trusted() -> None:
    """As IPython's own Audio and Video write it, nothing is left of it."""
    audio = '<audio controls><source src="data:audio/wav;base64,AAAA" type="audio/wav" /></audio>'

    assert {UNTRUSTED: "missing", GITHUB: "missing", ALONE: "missing"} == seen(page(audio))


def test_a_script_draws_only_where_scripts_run() -> None:
    """A chart of a script is missing elsewhere; with words beside it, the words stay."""
    chart = '<div id="chart"></div><script>draw()</script>'

    assert {UNTRUSTED: "missing", GITHUB: "missing", ALONE: "missing"} == seen(page(chart))
    assert {UNTRUSTED: "part", GITHUB: "part", ALONE: "part"} == seen(page(f"<p>A chart</p>{chart}"))


@pytest.mark.parametrize(
    ("html", "places"),
    [
        ('<iframe srcdoc="x"></iframe>', {UNTRUSTED, GITHUB, ALONE}),
        ('<svg><circle r="4"/></svg>', {UNTRUSTED, GITHUB, ALONE}),
        ('<model-viewer src="data:model/gltf-binary;base64,AA"></model-viewer>', {UNTRUSTED, GITHUB, ALONE}),
        ("<style>p {color: red}</style><p>A table</p>", set()),
        ('<img src="https://a.example/fox.png">', {ALONE}),
        ('<img src="pictures/fox.png">', {GITHUB, ALONE}),
        ('<img src="pictures/hare.png">', EVERYWHERE),
        ('<img src="/home/me/fox.png">', EVERYWHERE),
        ('<img src="http://localhost:8888/files/fox.png">', EVERYWHERE),
    ],
)
def test_html_is_seen_where_its_parts_stay(html: str, places: set[str]) -> None:
    """Frames, drawings and elements of somebody's own go with the sanitizer; pictures with what they are taken from."""
    assert places == set(seen(page(html)))


def test_types_that_a_place_does_not_draw_are_words() -> None:
    """WebP is drawn by JupyterLab alone, SVG by nobody who does not trust."""
    assert {GITHUB: "words", CODE: "words", HTML: "words", MARKDOWN: "words"} == seen(
        shown(image_webp="UklGRg==", text_plain="saved")
    )
    assert {UNTRUSTED: "words", GITHUB: "words", ALONE: "words"} == seen(
        shown(**{"image_svg+xml": "<svg/>"}, text_plain="a")
    )


def test_a_widget_needs_its_state() -> None:
    """Without it an error or a gap stands where widgets are drawn, and its first words elsewhere."""
    words = dict.fromkeys((UNTRUSTED, GITHUB, MARKDOWN, ALONE), "words")

    assert {**words, TRUSTED: "missing", CODE: "missing", HTML: "words"} == seen(widget())
    assert {**words, CODE: "part", HTML: "part"} == seen(widget(), models=frozenset({"a1"}))


def test_sound_that_vs_code_does_not_play_is_told() -> None:
    """An MP4 with AAC is silent there; it is no fault of the notebook."""
    data = base64.b64encode(b"\0\0\0\x20ftypisom....moov....mp4a....").decode()
    found = looked(notebook(code("x", page(f'<video src="data:video/mp4;base64,{data}"></video><p>saved</p>'))))

    assert ["cell 1: the clip plays without its sound, which is AAC (VS Code)"] == [
        one for one in told(found, "readers") if "AAC" in one
    ]
    assert () == found.problems


@pytest.mark.parametrize("name", ["hvc1", "hev1"])
def test_a_clip_that_most_browsers_do_not_play_is_told(name: str) -> None:
    """A player kept from before its codec was looked at shows nothing, wherever players stay."""
    data = base64.b64encode(b"\0\0\0\x20ftypisom....moov...." + name.encode()).decode()
    found = looked(notebook(code("x", page(f'<video src="data:video/mp4;base64,{data}"></video><p>saved</p>'))))
    assert ["! cell 1: the clip is H.265, which most browsers do not play (everywhere but: GitHub)"] == [
        one for one in told(found, "readers") if "H.265" in one
    ]
    assert 1 == len(found.problems)


@pytest.mark.slow
def test_the_table_is_that_of_nbconvert() -> None:
    """What nbconvert prefers is asked of nbconvert as it is installed."""
    from nbconvert import HTMLExporter, MarkdownExporter

    table = {place.name: place.order for place in PLACES}
    for name, exporter in ((HTML, HTMLExporter()), (MARKDOWN, MarkdownExporter())):
        assert exporter.config.NbConvertBase.display_data_priority == list(table[name])


def test_metadata_that_github_cannot_read() -> None:
    """Widgets without their state: GitHub and nbconvert's HTML show nothing of the file, and what mends it can be typed."""
    file = notebook(code("x", printed("hi")), widgets={"application/vnd.jupyter.widget-state+json": {}})
    found = looked(file)
    counts = {name.partition(" (")[0]: counts for name, counts in found.seen.items()}

    assert {GITHUB, HTML} == {name for name, one in counts.items() if one["nothing"]}
    assert [
        "! its metadata.widgets lacks 'state': GitHub shows nothing of the file, and nbconvert ends in an error"
    ] == (told(found, "readers"))
    assert [] == told(looked(notebook(code("x", printed("hi")))), "readers")


def test_what_mends_the_widgets_mends_them(tmp_path: Path) -> None:
    """The command that is told can be typed as it stands, also for a name with quotes and blanks; then nothing is left to say."""
    file = written(
        tmp_path / "my mother's.ipynb",
        notebook(code("x", widget()), widgets={"application/vnd.jupyter.widget-state+json": {}}),
    )
    (command,) = [line for line in check(file).text(for_shell=True).splitlines() if "Type: " in line]
    done = subprocess.run(command.partition("Type: ")[2], shell=True, capture_output=True, text=True, check=False)  # noqa: S602 - as a person types it

    assert (0, "") == (done.returncode, done.stderr)
    assert [] == [one for one in told(check(file), "readers") if "state'" in one]


def test_cells_that_share_a_reason_share_a_line() -> None:
    """Whoever has twenty clips reads one line of them; cells are told by their place and the number in their brackets."""
    player = page('<audio><source src="data:audio/wav;base64,AAAA"></audio><p>a sound</p>')
    found = looked(notebook(*(code(f"x{n}", player, count=n + 3) for n in range(20))))
    lines = [one for one in told(found, "readers") if "<source>" in one]

    assert 1 == len(lines)
    assert lines[0].startswith("! cells 1 [3], 2 [4], 3 [5], 4 [6], 5 [7], 6 [8] and 14 more: the player is empty")


# Links -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("data:image/png;base64,AAAA", "inside"),
        ("#top", "inside"),
        ("mailto:a@b.example", "inside"),
        ("pictures/fox.png", "beside"),
        ("./pictures/fox.png?v=2", "beside"),
        ("files/pictures/fox.png", "beside"),
        ("pictures/hare.png", "missing"),
        ("../fox.png", "outside"),
        ("pictures/../../fox.png", "outside"),
        ("/home/me/fox.png", "outside"),
        ("~/fox.png", "outside"),
        ("C:\\Users\\me\\fox.png", "outside"),
        ("file:///home/me/fox.png", "outside"),
        ("http://localhost:8888/a.png", "here"),
        ("http://127.0.0.1/a.png", "here"),
        ("https://a.example/fox.png", "web"),
        ("//a.example/fox.png", "web"),
        ("https://cdn.apixo.ai/output/1.png", "expires"),
        ("https://notcdn.apixo.ai.example/1.png", "web"),
        ("https://a.example/f?X-Amz-Date=20260101T110000Z&X-Amz-Expires=7200&X-Amz-Signature=q", "expires"),
        ("https://a.example/f?X-Amz-Date=20260101T110000Z&X-Amz-Expires=600&X-Amz-Signature=q", "expired"),
        ("https://a.example/f?x-goog-date=20260101T110000Z&x-goog-expires=600&x-goog-signature=q", "expired"),
        ("https://a.example/f?AWSAccessKeyId=a&Signature=b&Expires=1735689600", "expired"),
        ("https://a.example/f?se=2027-01-01T00%3A00%3A00Z&sig=q", "expires"),
        ("https://a.example/f?Policy=q&Signature=b&Key-Pair-Id=c", "expires"),
        ("http://[::1", "missing"),
    ],
)  # fmt: skip
def test_where_an_address_leads(address: str, leads: str) -> None:
    """Beside the notebook, outside of it, to the web, to this machine, or to what ends."""
    assert leads == led(address, AROUND).leads


def test_links_are_told_once_with_their_cells() -> None:
    """What is shown from an address that ends is a problem; a mere link to it is good to know."""
    image = page('<img src="https://cdn.apixo.ai/output/1.png"><p>a fox</p>')
    link = page('<a href="https://cdn.apixo.ai/output/2.png">the file</a>')
    text = printed("saved from https://cdn.apixo.ai/output/3.png.")

    assert [
        "! cells 1 and 2: what is shown will expire (APIXO keeps results 24 hours): https://cdn.apixo.ai/output/1.png",
        "cell 3: a link will expire (APIXO keeps results 24 hours): https://cdn.apixo.ai/output/2.png",
        "cell 4: an address in the text will expire (APIXO keeps results 24 hours): https://cdn.apixo.ai/output/3.png",
    ] == told(looked(notebook(code("a", image), code("b", image), code("c", link), code("d", text))), "links")


def test_pictures_of_markdown_cells_count() -> None:
    """Files that are missing, attachments that are not there, and files that have to go along; code in fences is no picture."""
    cells = (
        prose("![a](pictures/fox.png) ![b](pictures/hare.png)\n```\n![c](no.png)\n```"),
        prose("![d](attachment:there.png) ![e](attachment:gone.png)", attachments={"there.png": {"image/png": "AA"}}),
    )

    assert [
        "! cell 1: what is shown leads to a file that is not there: pictures/hare.png",
        "! cell 2: what is shown leads to a file that is not there: gone.png",
        "a file beside the notebook has to go along: pictures/fox.png",
    ] == told(looked(notebook(*cells)), "links")


def test_a_signature_is_not_shown() -> None:
    """Who may read the report may not fetch the file."""
    image = page('<img src="https://user:hunter2@a.example/f?X-Amz-Signature=q8Zr2LmX">')

    assert not {"hunter2", "q8Zr2LmX"} & set(looked(notebook(code("a", image))).text().replace("=", " ").split())


# Secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "place", ["code", "prose", "printed", "html", "error", "metadata", "output's metadata", "notebook's metadata"]
)
def test_a_secret_is_found_and_not_shown(name: str, place: str) -> None:
    """Wherever it stands, it is told with what it is; at most four characters of it are shown."""
    secret = SECRETS[name]
    cells = {
        "code": code(f"client = Client('{secret}')"),
        "prose": prose(f"My key is {secret}"),
        "printed": code("x", printed(f"using {secret}\n")),
        "html": code("x", page(f"<p>{secret}</p>")),
        "error": code("x", {"output_type": "error", "ename": "E", "evalue": secret, "traceback": [secret]}),
        "metadata": {**code("x"), "metadata": {"papermill": {"key": secret}}},
        "output's metadata": code("x", {**printed(""), **page("<p>a</p>"), "metadata": {"key": secret}}),
    }
    found = looked(notebook(cells.get(place, code("x")), **({"key": secret} if "notebook" in place else {})))
    text = found.text()

    assert 1 == len(told(found, "secrets"))
    assert [] == [
        secret[at : at + 5] for at in range(len(secret) - 4) if secret[at : at + 5] in text.replace("a key", "")
    ]


@pytest.mark.parametrize(
    "spell",
    [
        str,
        json.dumps,
        lambda key: base64.b64encode(b"x" + key.encode()).decode(),
        lambda key: key.replace("_", "%5F"),
        lambda key: f"0a{key.encode().hex()}0a",
        lambda key: key.encode().hex(" ").upper(),
        lambda key: ", ".join(f"0x{byte:02x}" for byte in key.encode()),
    ],
    ids=["plain", "json", "base64", "percent", "hexadecimal", "bytes apart", "bytes of a program"],
)
def test_a_key_that_is_set_here_is_found_in_every_spelling(spell: Any) -> None:
    """The person's own key is known, and whose it is; a new one is made at its provider's page."""
    own = Known("APIXO", "no-known-shape-" + "7c1f9be2", "https://apixo.ai/keys")
    found = looked(notebook(code("x", printed(spell(own.text)))), own)

    assert ["! cell 1 (output): the key of APIXO that is set here, …9be2"] == told(found, "secrets")
    assert "make a new one at https://apixo.ai/keys" in " ".join(found.text().split())
    assert own.text not in found.text()


@pytest.mark.parametrize(
    "text",
    [
        "ARMOX_API_KEY = os.environ['ARMOX_API_KEY']",
        "client = Client(api_key=api_key)",
        "api_key = 'sk_your_key_goes_here_please'",
        "export ARMOX_API_KEY=...",
        "max_tokens = 4096; token='the quick brown fox'",
        "password: 'correct-horse-battery'",
        "AKIAIOSFODNN7EXAMPLE",
        "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
        "https://a.example/path:with/colon@sign",
        "sha256 7372c67a149e37bb2c42366a585161c9f59d16e603c193be903696c4a7dd6d5b",
        "Bearer of bad news, the messenger came",
        "tokenizer = 'google/bert_uncased_L-2_H-128_A-2'",
        "eos_token = '<|reserved_special_token_12|>'",
        "next_page_token = 'q8Zr2LmX0pVt7YkB4Wd'; \"nextPageToken\": 'q8Zr2LmX0pVt7YkB4Wd'",
        "secret_santa = 'alice2bob2carol2dave'",
        "API_KEY=$SOME_API_KEY_2024",
        "cache_key = '7372c67a149e37bb2c42366a585161c9f59d16e603c193be903696c4a7dd6d5b'",
        "key = '7372c67a149e37bb2c42366a585161c9f59d16e6'; key: '3f9a1c77-20be-4d51-9e0f-7ac1d2e83b46'",
        "idempotency_key='3f9a1c77-20be-4d51-9e0f-7ac1d2e83b46'; sort_key='q8Zr2LmX0pVt7YkB4WdA'",
        "s3_key = 'runs/2026/01/15/q8Zr2LmX0pVt7YkB4WdA.png'; public_key = 'q8Zr2LmX0pVt7YkB4WdA'",
        "key='experiment_2026_seed42_resnet50imagenet2012'; monkey='q8Zr2LmX0pVt7YkB4WdA'",
        "st.text_input('x', type='password', key='login_form_2026_password')",
        "password = 'password'; password = getpass('Password 2026: '); db_password='postgres'; pwd = '/home/User2/A-b'",
        "job_id = 'job_q8zr2lmx0pvt7ykb4wda6c'; \"id\": '1f2e3d4c5b6a'",
        "secret_key = '/etc/keys/app1/key2.pem'; api_key='keys/app1/key2.txt'; token = 'https://a.example/v2/token'",
        "%env APIXO_API_KEY $OTHER_KEY_2026; %env MODEL_NAME gemini-2.5-flash-image",
        "options.get('tokenizer', 'google/bert_uncased_L-2_H-128_A-2'); page.get('next_page_token', 'q8Zr2LmX0pVt7YkB4Wd')",
        "api_key = f'{SOME_KEY_2026}'; api_key = f'{keys[2026]!s}'",
        "https://a.example/?page_token=q8Zr2LmX0pVt7YkB4Wd&token=3f9a1c77-20be-4d51-9e0f-7ac1d2e83b46&key=fox_2026_seed42_large",
        "api_key: str = None; token: Optional[str]; secret: 7372c67a149e37bb2c42366a585161c9f59d16e6; token: my-2026-model",
        "api_key=API_KEY_OF_2026, token=tokens_of_2026_v2; x_api_key=other_api_key_2; next_page_token: q8Zr2LmX0pVt7YkB4Wd",
        "token = decodeB64TokenV2x7Y9z(text); secret: [q8Zr2LmX0pVt7YkB4Wd](https://a.example); curl -u ann: -u $ME:$IT x",
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(text: str) -> None:
    """Examples, variables, hashes and prose: an alarm for nothing is one that nobody reads."""
    assert [] == told(looked(notebook(code(text), prose(text), code("x", printed(text)))), "secrets")


@pytest.mark.parametrize(
    "line",
    [
        "%env MY_API_KEY={}",
        "os.environ['MY_TOKEN'] = '{}'",
        "secret: '{}'",
        "'password': \"{}\"",
        "armox_key = 'ak_{}Zr2LmX0pVt7YkB4Wd'",
        "api_key: str = '{}'",
        "const apiKey = '{}';",
        'headers = {{"X-Api-Key": "{}"}}',
        'headers = {{"Authorization": "Key {}"}}',
        '{{"body": "{{\\"client_secret\\": \\"{}\\"}}"}}',
        "export SOME_KEY={}q8Zr2LmX0pVt7YkB4Wd",
        "%env APIXO_API_KEY {}",
        "%set_env  MY_TOKEN_2 '{}'",
        "!setx ARMOX_API_KEY {}",
        "os.environ.setdefault('X_API_KEY', '{}')",
        'os.getenv("MY_TOKEN", f"{}")',
        'api_key = f"{}"',
        "api_key = rb'{}'",
        '(api_key := "{}")',
        "'secret' => '{}'",
        "api_key: {}",
        "  x-api-key: sk-{}  # mine",
        "- **`api_key`**: `{}`",
        "curl -H 'x-api-key: {}' https://a.example",
        "Authorization: Basic {}",
        "x_api_key={}",
        "client_secret = {}",
    ],
)
def test_what_a_variable_for_a_key_is_set_to_is_a_secret(line: str) -> None:
    """A key without any known shape is told by the name that it is given to."""
    assert ["! cell 1 (code): what a variable for a key is set to, …B4Wd"] == told(
        looked(notebook(code(line.format("q8Zr2LmX0pVt7YkB4Wd")))), "secrets"
    )
    assert 1 == len(told(looked(notebook(prose(line.format("q8Zr2LmX0pVt7YkB4Wd")))), "secrets"))


@pytest.mark.parametrize(
    "line", ["curl -u ann:{} https://a.example", "!curl -s --user='ann:{}' \\\n https://a.example"]
)
def test_a_password_in_a_command_is_a_secret(line: str) -> None:
    """Pages of services have such lines to be copied, and a person's own words are filled in."""
    found = looked(notebook(code(line.format("tulip-99"))))
    assert ["! cell 1 (code): a password in a command, ***"] == told(found, "secrets")
    assert [] == told(looked(notebook(code(line.format("password")), code(line.format("$SECRET")))), "secrets")


@pytest.mark.parametrize("name", ["api_key", "key", "access_token", "client_secret", "token"])
@pytest.mark.parametrize("before", ["?", "?a=1&", "?a=1&amp;"])
def test_a_key_in_an_address_is_a_secret(name: str, before: str) -> None:
    """Many services take it there; such an address is copied with the key in it."""
    line = f"requests.get('https://a.example/v1{before}{name}=q8Zr2LmX0pVt7YkB4Wd')"
    assert ["! cell 1 (code): a key in an address, …B4Wd"] == told(looked(notebook(code(line))), "secrets")


@pytest.mark.parametrize(
    "line", ["password='{}'", "db = connect(user='a', passwd=\"{}\")", '"password": "{}"', "PWD='{}'"]
)
def test_a_short_password_is_a_secret_and_none_of_it_is_shown(line: str) -> None:
    """Eight characters of three kinds are a password where they are called one; four of them would be half of it."""
    for word in ("k3Jz" + "9xQm", "Tr0ub4" + "dor&3"):
        assert ["! cell 1 (code): what a variable for a key is set to, …"] == told(
            looked(notebook(code(line.format(word)))), "secrets"
        )


def test_a_picture_is_not_searched_for_shapes() -> None:
    """Among the letters of a picture every shape turns up by chance."""
    data = f"data:image/png;base64,{SECRETS['Hugging Face']}{SECRETS['Amazon']}AAAA"
    found = looked(notebook(code("x", page(f'<img src="{data}">')), code("y", shown(image_png=SECRETS["Amazon"]))))

    assert [] == told(found, "secrets")


def test_a_key_in_a_path_is_not_shown_by_the_links() -> None:
    """An address that ends is shown without what is secret in it."""
    found = looked(notebook(code("x", page(f'<img src="https://cdn.apixo.ai/{KEY}/1.png">'))))

    assert KEY not in found.text()
    assert "https://cdn.apixo.ai/***/1.png" in found.text()


# Bytes -------------------------------------------------------------------------------------------------------------


def test_the_largest_cells_come_first() -> None:
    """Each with its bytes and what they are; the state of widgets is told apart."""
    cells = [
        code("a", page("<p>small</p>", "a"), count=1),
        code("b", shown(image_png="A" * 5000, text_plain="saved"), count=2),
        code("c", page(f"<video src='data:video/mp4;base64,{'A' * 9000}'></video>"), count=3),
    ]
    found = looked(
        notebook(*cells, widgets={"application/vnd.jupyter.widget-state+json": {"state": {"a": {"b": "c" * 700}}}})
    )
    assert found.weight is not None

    assert ["3 [3]", "2 [2]", "1 [1]"] == [label for label, _, _ in found.weight.largest]
    assert ["HTML with a clip", "a picture (PNG)", "HTML"] == [what for _, _, what in found.weight.largest]
    assert 14_000 < found.weight.outputs < 14_999
    assert 700 < found.weight.widgets < 800


@pytest.mark.slow
def test_a_heavy_file_is_told(tmp_path: Path) -> None:
    """From 50 MiB on GitHub warns, from 100 MiB on it refuses: that is a problem."""
    for size, problem, word in ((11, False, "heavy"), (55, False, "warns"), (101, True, "100 MiB")):
        found = looked(notebook(code("x", shown(image_png="A" * (size * 2**20), text_plain="a"))))
        (line,) = told(found, "bytes")

        assert problem == line.startswith("!")
        assert word in line


# Files that are not as they should be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "pointer of Git LFS"),
        ('{"cells": []}'.encode("utf-16"), "written as UTF-16"),
        (b'{"cells": [\n"\xff"]}', "line 2 is not UTF-8"),
        (b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> other\n]}', "merge conflict, at line 2"),
        (b'{"cells": [\n {"source": "hal', "ends in the middle, at line 2"),
        (b'{"cells": [\n  1 2\n], "nbformat": 4}', "no JSON: line 2, column 5"),
        (b"[1]", "no notebook"),
        (b'{"cells": []}', "says no nbformat"),
        (b'{"nbformat": 3, "worksheets": []}', "nbformat 3"),
        (b'{"nbformat": 5, "cells": []}', "nbformat 5"),
        (b'{"nbformat": 4, "metadata": {}}', "no list of cells"),
        (b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_told_plainly(data: bytes, said: str) -> None:
    """What is wrong in one line, what to do in the next, and nothing else: it is one thing to mend."""
    found = looked(data)
    lines = found.text().splitlines()

    assert said in lines[1]
    assert "1 thing to mend." == lines[-1]
    assert 1 == len(found.problems)


def test_one_damaged_cell_does_not_hide_the_others() -> None:
    """It is told by its place, and the rest is looked at all the same."""
    cells = [code("fine", printed("hi")), {"cell_type": "poem"}, code("x", {"output_type": "pyout"}), 7]
    found = looked({"nbformat": 4, "cells": cells})

    assert [
        "! its metadata is missing",
        "! it says no nbformat_minor",
        "! cell 2 is neither code nor Markdown nor raw",
        "! cell 2 has no source",
        "! cell 3 has an output that cannot be shown",
        "! cell 4 is no cell",
    ] == told(found, "file")
    assert "3 cells, 1 output" in found.facts


@pytest.mark.parametrize("minor", range(6))
def test_every_minor_version_is_read(minor: int) -> None:
    """Texts as lists of lines, cells without ids: nothing of it is a fault."""
    cell = {**code("x", printed("hi")), "source": ["a = 1\n", "b = 2"]}
    del cell["id"]
    read_back = read(json.dumps({**notebook(cell), "nbformat_minor": minor}).encode())

    assert () == read_back.faults
    assert "a = 1\nb = 2" == read_back.cells[0].source


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["cells", "cell_type", "source", "outputs", "output_type", "data", "text/html", "metadata", "widgets",
                         "attachments", "text", "nbformat", "application/vnd.jupyter.widget-view+json", "text/markdown"])
        | st.text(max_size=4),
        inner | st.sampled_from(["code", "markdown", "stream", "display_data", "error", '<img src="a', "![a](", 4]),
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@given(cells=st.lists(JSON, max_size=3), metadata=JSON)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_file_holds_there_is_an_answer(cells: list[Any], metadata: Any) -> None:
    """No JSON ends in an error, and every answer has its last line."""
    found = looked({"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": metadata})

    assert found.text().endswith(("mend.",))


@given(st.binary(max_size=200))
def test_whatever_bytes_a_file_has_there_is_an_answer(data: bytes) -> None:
    """Bytes that are no notebook are told as such."""
    with pytest.raises(Unreadable):
        read(data)


@given(html=st.text(st.sampled_from("<>/=\"' abimgsrcvdeo-!&;#:\n"), max_size=80))
def test_no_html_ends_in_an_error(html: str) -> None:
    """Half of a tag, a comment that never ends: it is seen somehow."""
    output = Output("result", {"text/html": html})

    assert {Verdict} == {type(Seeing(AROUND).of(output, place).verdict) for place in PLACES}


def test_no_words_of_a_notebook_steer_a_terminal() -> None:
    """Controls and marks that turn the direction are taken out of names and addresses."""
    found = looked(notebook(code("x", page('<img src="a\x1b[31m\u202e.png">'))), name="a\x1b]0;\u202e.ipynb")

    assert not {"\x1b", "\u202e"} & set(found.text())


# The two doors -----------------------------------------------------------------------------------------------------


def test_a_file_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files beside the notebook count as it lies there; the keys are those that are set here; nothing is written."""
    monkeypatch.setenv("APIXO_API_KEY", "no-known-shape-" + "7c1f9be2")
    (tmp_path / "fox.png").write_bytes(b"x")
    file = written(tmp_path / "a.ipynb", notebook(prose("![](fox.png) no-known-shape-" + "7c1f9be2")))
    before = file.stat().st_mtime_ns
    found = check(file)

    assert ["a file beside the notebook has to go along: fox.png"] == told(found, "links")
    assert ["! cell 1 (text): the key of APIXO that is set here, …9be2"] == told(found, "secrets")
    assert (before, ["a.ipynb", "fox.png"]) == (
        file.stat().st_mtime_ns,
        sorted(one.name for one in tmp_path.iterdir() if one.is_file()),
    )


@pytest.mark.parametrize(("name", "said"), [("studdy.ipynb", "Did you mean study.ipynb?"), ("study", "Did you mean study.ipynb?"), ("zzz", "Notebooks there: study.ipynb."), (".", "is a folder"), ("a\0b", "cannot be read")])  # fmt: skip
def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    """The near miss is named, or what there is."""
    written(tmp_path / "study.ipynb", notebook())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidCall) as caught:
        check(name)

    assert said in str(caught.value)


def test_a_file_that_is_not_there_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No notebook lies there, either: from where paths begin is said, and what the doctor does without a name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidCall) as caught:
        check("x")
    assert f"there is no file x. Paths begin at {tmp_path}. Name a notebook; without a name," in str(caught.value)


def test_the_shells_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where there is nothing to mend, 1 where there is, in any of several files; 2 where there is no such file."""
    good = str(written(tmp_path / "good.ipynb", notebook(code("x", printed("hi")))))
    bad = str(written(tmp_path / "bad.ipynb", notebook(code(f"key = '{KEY}'"))))
    codes = [cli.main(["doctor", *words]) for words in ((good,), (good, bad), (bad,), (str(tmp_path / "no.ipynb"),))]
    out, err = capsys.readouterr()

    assert [0, 1, 1, 2] == codes
    assert 2 == out.count("Nothing to mend.")
    assert "there is no file" in err
    assert KEY not in out + err


def test_a_file_that_is_missing_does_not_hide_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of the others is judged, the missing one is named, and the code is that of a missing file."""
    good = str(written(tmp_path / "good.ipynb", notebook(code("x", printed("hi")))))
    bad = str(written(tmp_path / "bad.ipynb", notebook(code(f"key = '{KEY}'"))))
    code_ = cli.main(["doctor", bad, str(tmp_path / "god.ipynb"), good])
    out, err = capsys.readouterr()

    assert 2 == code_
    assert (1, 1) == (out.count("1 thing to mend."), out.count("Nothing to mend."))
    assert "there is no file" in err
    assert "Did you mean good.ipynb?" in err


def test_names_with_stars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What a shell has left as it was typed stands for the notebooks that fit, and ``~`` for the person's home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("a[1].ipynb", "b.ipynb"):
        written(tmp_path / name, notebook())

    assert [0, 0, 2] == [cli.main(["doctor", name]) for name in ("*.ipynb", "a[1].ipynb", "*.ipynbb")]
    assert 3 == capsys.readouterr().out.count("Nothing to mend.")
    assert "0 cells, 0 outputs" in check("~/b.ipynb").facts


def test_the_magic_looks_at_a_notebook(shell: Shell, tmp_path: Path) -> None:
    """The same page below a cell, with commands as a cell takes them."""
    file = written(tmp_path / "old.ipynb", {"nbformat": 3, "worksheets": []})
    said = shell.seen(f"%generate doctor {file}")

    assert "it is of nbformat 3" in said
    assert f"Type: !jupyter nbconvert --to notebook --inplace {file}" in said


def test_looking_loads_little() -> None:
    """It starts at once: neither frames nor Jupyter's own libraries are loaded for it."""
    heavy = ("polars", "nbformat", "nbconvert", "IPython", "PIL", "requests")
    line = f"import sys, notebookgen.checkup; print([one for one in {heavy!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


def test_a_signed_address_tells_how_long_it_lives() -> None:
    """In days from two on, in hours below."""
    for left, words in (
        (timedelta(days=6), "another 6 days"),
        (timedelta(hours=5), "another 5 hours"),
        (timedelta(minutes=30), "another 30 min"),
    ):
        stamp = int((NOW + left).timestamp())

        assert words in led(f"https://a.example/f?Signature=b&Expires={stamp}", AROUND).why
