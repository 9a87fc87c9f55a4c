// ---- what people do ----

$("accept").onclick = () => decide("ok");
$("take").onclick = takeHeard;
$("drop").onclick = () => decide("drop");
$("clear").onclick = () => decide("");
$("back").onclick = goBack;
$("previous").onclick = () => show(state.at - 1);
$("next").onclick = () => show(state.at + 1);
$("play").onclick = () => play();
$("loop").onclick = () => toggle("loop");
$("spectrogram").onclick = () => toggle("spectrogram");
$("zoom-in").onclick = () => zoom(2);
$("zoom-out").onclick = () => zoom(0.5);
$("doubt").onclick = playNextDoubtful;
for (const jump of document.querySelectorAll("[data-jump]")) jump.onclick = () => seek(cursor + Number(jump.dataset.jump));
$("wave").onclick = (event) => { const part = sight(state.row); seek(part.from + (event.offsetX / $("wave").clientWidth) * part.width); };
$("speed").onchange = () => { player.playbackRate = Number($("speed").value); keepSettings(); };
$("text").oninput = () => {
  const row = state.row, fields = { text: $("text").value };
  // What was decided was decided on another text.
  if (valueOf(row, "decision")) Object.assign(fields, { decision: "", decided_at: "", listened: "", decision_sec: "" });
  change(`${say("text")} “${fields.text.slice(0, 20)}”`, [[row, fields]], "text " + row.key);
  $("problem").textContent = "";
  $("decided-as").textContent = markOf(row);
  drawText();
  drawChips();
  drawList();
};
$("note").oninput = () => { change(say("note"), [[state.row, { note: $("note").value }]], "note " + state.row.key); drawList(); };
$("reviewer").onchange = keepSettings;
$("autoplay").onchange = keepSettings;
$("language").onchange = () => { language = $("language").value; keepSettings(); sayAll(); fillFilters(); refilter(); if (state.row) fillCard(state.row); drawPlaying(); };
$("find").oninput = () => { refilter(); if (state.at < 0) show(0); };
for (const input of document.querySelectorAll("#filters input, #filters select")) input.oninput = () => { refilter(); if (state.at < 0) show(0); };
for (const id of ["clear-filters", "empty-clear"]) $(id).onclick = clearFilters;
$("sort").onchange = () => { keepSettings(); refilter(); };
$("turn").onclick = () => { settings.backwards = !settings.backwards; keepSettings(); drawToggles(); refilter(); };
$("list").onscroll = drawList;
$("pick-shown").onclick = pickShown;
$("unpick").onclick = unpick;
$("accept-picked").onclick = () => decidePicked("ok");
$("drop-picked").onclick = () => decidePicked("drop");
$("clear-picked").onclick = () => decidePicked("");
$("undo").onclick = undo;
$("redo").onclick = redo;
$("save").onclick = save;
$("open").onclick = () => $("file").click();
$("file").onchange = () => { if ($("file").files[0]) openFile($("file").files[0]); $("file").value = ""; };
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files[0]) openFile(event.dataTransfer.files[0]); });
$("help-button").onclick = () => $("help").showModal();
$("replace-button").onclick = () => { $("replace-scope").value = state.picked.size ? "picked" : "shown"; drawReplace(); $("replace-dialog").showModal(); };
for (const id of ["replace-find", "replace-with", "replace-scope"]) $(id).oninput = drawReplace;
$("replace-do").onclick = replaceAll;
for (const close of document.querySelectorAll("[data-close]")) close.onclick = () => close.closest("dialog").close();
window.onresize = () => { drawList(); drawWave(); };
window.addEventListener("storage", onStorage);
window.onbeforeunload = (event) => { if (unsaved.size && !canStore) event.preventDefault(); };
for (const scheme of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(scheme).addEventListener("change", () => { readColours(); drawWave(); });

// By the place of a key, not by its letter: the same in every layout, Hangul among them.
const KEYS = {
  ArrowUp: (event) => move(-1, event),
  ArrowDown: (event) => move(1, event),
  Delete: () => decide("drop"),
  Backspace: () => decide("drop"), // the delete key of a MacBook
  KeyW: playNextDoubtful,
  KeyU: () => decide(""),
  KeyE: () => $("text").focus(),
  KeyB: goBack,
  KeyL: () => toggle("loop"),
  KeyS: () => toggle("spectrogram"),
  KeyX: () => { if (state.row) pick(state.row); },
  Equal: () => zoom(2),
  NumpadAdd: () => zoom(2),
  Minus: () => zoom(0.5),
  NumpadSubtract: () => zoom(0.5),
  BracketLeft: () => faster(-1),
  BracketRight: () => faster(1),
};
const WITH_CTRL = {
  KeyZ: (event) => (event.shiftKey ? redo() : undo()),
  KeyY: redo,
  KeyA: pickShown,
};
const ONCE = ["Enter", "NumpadEnter", "Delete", "Backspace", "Space"]; // not again while they are held down

function move(step, event) {
  if (event.shiftKey && state.row) pick(state.row, true);
  show(state.at + step);
  if (event.shiftKey && state.row) pick(state.row, true);
}

function faster(step) {
  const speed = $("speed");
  speed.selectedIndex = Math.min(speed.options.length - 1, Math.max(0, speed.selectedIndex + step));
  speed.onchange();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || event.altKey || document.querySelector("dialog[open]")) return; // a Korean input method is at work
  const active = document.activeElement, ctrl = event.ctrlKey || event.metaKey;
  const code = event.code || { " ": "Space" }[event.key] || event.key;
  const inText = active === $("text");
  const inField = /^(INPUT|TEXTAREA|SELECT)$/.test(active?.tagName ?? "") && !["checkbox", "button"].includes(active.type);
  const onControl = /^(BUTTON|A|SUMMARY)$/.test(active?.tagName ?? "") || active?.type === "checkbox";
  const enter = code === "Enter" || code === "NumpadEnter";
  let does = null;
  if (event.key === "Escape") does = () => { if (active === $("list") && state.picked.size) unpick(); toList(); };
  else if (enter && inText && event.shiftKey) does = () => play();
  else if (enter && (inText || (!inField && !(onControl && !ctrl)))) does = () => (ctrl ? takeHeard() : decide("ok"));
  else if (code === "Space" && (inText ? ctrl : !inField && !onControl)) does = () => play(event.shiftKey);
  else if (!inField && !ctrl && event.key === "?") does = () => $("help").showModal();
  else if (!inField && !ctrl && ["ArrowLeft", "ArrowRight"].includes(code)) does = () => seek(cursor + (code === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 5 : 2));
  else if (ctrl && code === "KeyS") does = save;
  else if (!inField && ctrl && WITH_CTRL[code]) does = () => WITH_CTRL[code](event);
  else if (!inField && !ctrl && KEYS[code]) does = () => KEYS[code](event);
  if (!does) return;
  event.preventDefault();
  if (event.repeat && ONCE.includes(code)) return;
  does();
});

// Who works with the mouse goes on with the keys: Space then plays, and presses no button again.
let byPointer = false;
const toList = () => $("list").focus({ preventScroll: true });
document.addEventListener("pointerdown", () => { byPointer = true; }, true);
document.addEventListener("keydown", () => { byPointer = false; }, true);
document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (event.detail && pressed && !pressed.closest("dialog, #chips") && !document.querySelector("dialog[open]")) toList();
});
document.addEventListener("change", (event) => {
  if (byPointer && !event.target.closest("dialog, #filters") && (event.target.tagName === "SELECT" || event.target.type === "checkbox")) toList();
});
$("replace-dialog").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  if (!$("replace-do").disabled) replaceAll();
});

// ---- begin ----

function fillFilters() {
  const choose = (id, pairs) => {
    const chosen = $(id).value;
    const options = [["", say("all")], ...pairs].map(([value, text]) => new Option(text, value));
    $(id).replaceChildren(...options);
    $(id).value = chosen;
    $(id).closest("label").hidden = pairs.length < 2;
  };
  const media = new Map(data.rows.filter((row) => row.media).map((row) => [row.media, row.title || row.media]));
  choose("media", [...media]);
  choose("speaker", [...new Set(data.rows.map((row) => row.speaker).filter(Boolean))].map((name) => [name, name]));
}

readColours();
restoreSettings();
restoreEdits();
sayAll();
fillFilters();
drawToggles();
refilter();
show(state.shown.findIndex((row) => !valueOf(row, "decision")));
$("list").focus({ preventScroll: true });
readFileBeside();
