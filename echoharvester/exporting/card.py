"""The model card that goes with exported files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from echoharvester.dataset.card import hub_licence
from echoharvester.exporting.check import Checked

TASK = "automatic-speech-recognition"
_SHERPA = """```python
import sherpa_onnx, soundfile
recogniser = sherpa_onnx.OfflineRecognizer.from_zipformer_ctc("model.int8.onnx", "tokens.txt")
samples, rate = soundfile.read("speech.wav", dtype="float32")
stream = recogniser.create_stream()
stream.accept_waveform(rate, samples)
recogniser.decode_stream(stream)
print({text})
```"""
# Jamo without the silent onset are no syllables yet.
_OF_JAMO = "from echoharvester.text.hangul import from_jamo  # its tokens are jamo\n"
_STREAMING = """```python
recogniser = sherpa_onnx.OnlineRecognizer.from_zipformer2_ctc("tokens.txt", "streaming.int8.onnx")
```"""


def model_card(
    name: str,
    num_parameters: int,
    num_tokens: int,
    tokens: str,
    training: Mapping[str, Any] | None,
    decoding: Sequence[Mapping[str, Any]],
    checked: Sequence[Checked],
    data: Mapping[str, Any] | None,
) -> str:
    """The card as Markdown.

    Args:
        tokens: what kind they are.
        training, decoding: records of stages 11 and 12.
        data: the data card of what it was trained on.
    """
    lines = [
        "---",
        _front_matter(name, decoding, data),
        "---",
        "",
        f"# {name}",
        "",
        f"A Korean speech recogniser: CTC over {num_tokens} {tokens} tokens, "
        f"{num_parameters / 1e6:.1f} M parameters, 16 kHz, 80 filterbank bins.",
        "",
        f"Trained: {training['summary'] if training else 'not recorded'}.",
    ]
    if data:
        stats = data["statistics"]
        lines.append(
            f"Data: {data['name']} (content {data.get('content', '?')}), {stats['cuts']} utterances, "
            f"{stats['hours']:.2f} h, captions checked by a recogniser; see its data card for "
            "sources, licences and label error."
        )
    lines += ["", "## Error rates", ""]
    if decoding:
        lines += [
            "| method | set | setting | CER without spaces | CER with spaces | WER | sWER |",
            "|---|---|---|---|---|---|---|",
        ]
        for record in decoding:
            for set_name, of_set in record["sets"].items():
                rates = " | ".join(_rate(row) for row in of_set["rows"])
                lines.append(
                    f"| {record.get('method', '')} | {set_name} | {of_set.get('setting', '')} | {rates} |"
                )
    else:
        lines.append("Not decoded yet (stage 12).")
    lines += [
        "", "## Files", "",
        "Each was run on the same utterances before it was kept: fp32 files must give PyTorch's tokens, the "
        "others a CER within half a point.",
        "", *check_table(checked), "", "## Use", "", _snippet(tokens),
    ]  # fmt: skip
    if any("streaming" in row.file for row in checked):
        lines += ["", "As sound comes in:", "", _STREAMING]
    lines += [
        "",
        "`pretrained.pt` holds weights, configuration and tokens, and loads with `weights_only=True`.",
        "",
        "## Limits",
        "",
        "It knows the speech it was trained on. Figures above are of sets from the same sources; "
        "expect more errors elsewhere.",
    ]
    return "\n".join(lines) + "\n"


def _snippet(tokens: str) -> str:
    """Code that prints what is said, in syllables."""
    if tokens != "jamo":
        return _SHERPA.replace("{text}", "stream.result.text")
    code = _SHERPA.replace("{text}", "from_jamo(stream.result.text)")
    return code.replace("import sherpa_onnx", _OF_JAMO + "import sherpa_onnx", 1)


def _front_matter(
    name: str, decoding: Sequence[Mapping[str, Any]], data: Mapping[str, Any] | None
) -> str:
    """What a hub reads of a card: language, licence, task, data, and the error rates as measured."""
    from huggingface_hub import EvalResult, ModelCardData

    of_data = str(data["name"]) if data else "unknown"
    results = [
        EvalResult(
            task_type=TASK, dataset_type=of_data, dataset_name=f"{of_data} {set_name}", dataset_split=set_name,
            metric_type="wer" if "WER" in row["measure"] else "cer", metric_value=round(100 * row["rate"], 2),
            metric_name=f"{row['measure']}, {record.get('method', '')}, %",
        )
        for record in decoding
        for set_name, of_set in record["sets"].items()
        for row in of_set["rows"]
    ]  # fmt: skip
    card = ModelCardData(
        language="ko", license=_licence(data), library_name="sherpa-onnx", pipeline_tag=TASK,
        tags=["ctc", "onnx", "korean"], datasets=[of_data] if data else None,
        model_name=name if results else None, eval_results=results or None,
    )  # fmt: skip
    return card.to_yaml().strip()


def _licence(data: Mapping[str, Any] | None) -> str:
    """That of the data, where all of it is under one that hubs know."""
    stated = (
        {hub_licence(str(one)) for one in data["statistics"].get("license", {})} if data else set()
    )
    return stated.pop() or "other" if len(stated) == 1 else "other"


def check_table(checked: Sequence[Checked]) -> list[str]:
    """Files, programs, size, agreement, error rate, and speed, as lines of a Markdown table."""
    lines = [
        "| file | run by | MB | same tokens as PyTorch | CER without spaces | times real time, one core |",
        "|---|---|---|---|---|---|",
    ]
    for row in checked:
        size = f"{row.size_mb:.1f}" if row.size_mb else "-"
        lines.append(
            f"| {row.file} | {row.program} | {size} | {row.same_tokens} / {row.utterances} | "
            f"{100 * row.rate:.2f} % | {1 / max(row.real_time_factor, 1e-9):.0f} |"
        )
    return lines


def _rate(row: Mapping[str, Any]) -> str:
    low, high = row["ci95"]
    return f"{100 * row['rate']:.2f} % ({100 * low:.1f} to {100 * high:.1f})"
