"use strict";
// One row at a time: heard, read, decided.  State: `data.rows` as exported, `edits` on top of them,
// kept in the browser until they are saved as a TSV.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const ROW_PX = 44;
const STORE = "echoharvester-review " + location.pathname;
const EDITS = ["decision", "text", "note", "reviewer", "decided_at"];

// ---- text: as the Python side compares it ----

const FOLDS = { "ß": "ss", "ς": "σ", "ſ": "s" };

function comparable(text) {
  const folded = text.normalize("NFC").toLowerCase().replace(/[ßςſ]/g, (c) => FOLDS[c]).replace(/[\ufb00-\ufb06]/g, (c) => c.normalize("NFKC"));
  return Array.from(folded).filter((c) => /[\p{L}\p{N}\p{M}\ue000\ue001]/u.test(c));
}

// `<unk>` is one letter that equals nothing, not even another.
const marked = (text, mark) => text.replace(/[\ue000\ue001]/g, "").replaceAll("<unk>", mark);

// Minimum-edit alignment of two lists: [kind, a, b] with kind "=", "x" (replaced), "-" or "+".
function align(a, b) {
  const cost = Array.from({ length: a.length + 1 }, (_, i) => new Uint16Array(b.length + 1).fill(0));
  for (let i = 0; i <= a.length; i++) cost[i][0] = i;
  for (let j = 0; j <= b.length; j++) cost[0][j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      cost[i][j] = Math.min(cost[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), cost[i - 1][j] + 1, cost[i][j - 1] + 1);
  const moves = [];
  for (let i = a.length, j = b.length; i || j; ) {
    if (i && j && cost[i][j] === cost[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)) {
      moves.push([a[i - 1] === b[j - 1] ? "=" : "x", a[--i], b[--j]]);
    } else if (i && cost[i][j] === cost[i - 1][j] + 1) moves.push(["-", a[--i], ""]);
    else moves.push(["+", "", b[--j]]);
  }
  return moves.reverse();
}

function rate(text, heard) {
  const a = comparable(marked(text, "\ue000")), b = comparable(marked(heard, "\ue001"));
  const errors = align(a, b).filter((move) => move[0] !== "=").length;
  return a.length ? errors / a.length : Math.min(errors, 1);
}

// The text with what was not heard struck out and what was heard instead underlined; spaces and
// punctuation stay where the text has them.
function drawDifference(into, text, heard) {
  into.replaceChildren();
  const moves = align(comparable(text), comparable(heard));
  let kind = "", part = null;
  const put = (tag, chars) => {
    if (!chars) return;
    if (kind !== tag || !part) {
      part = tag ? document.createElement(tag) : document.createTextNode("");
      into.append(part);
      kind = tag;
    }
    part.textContent += chars;
  };
  let m = 0, pending = "";
  const flush = () => { put("ins", pending); pending = ""; };
  for (const char of Array.from(text.normalize("NFC"))) {
    for (; m < moves.length && moves[m][0] === "+"; m++) pending += moves[m][2];
    const units = comparable(char);
    if (!units.length) { flush(); put("", char); continue; }
    let same = true;
    for (const _ of units) {
      if (m >= moves.length) break;
      if (moves[m][0] !== "=") { same = false; pending += moves[m][2]; }
      m++;
    }
    if (same) { flush(); put("", char); } else put("del", char);
  }
  for (; m < moves.length; m++) pending += moves[m][2];
  flush();
}

// ---- the TSV: cells guarded and quoted as the Python side does ----

const RUNS = new RegExp(data.runs), CONVERTED = new RegExp(data.converted, "i");

function defused(cell, column) {
  cell = String(cell ?? "").replace(/[\r\n]+/g, " ");
  const guarded = data.numbers.includes(column)
    ? RUNS.test(cell) && !/^-?[0-9.]+$/.test(cell)
    : RUNS.test(cell) || (EDITS.includes(column) && CONVERTED.test(cell));
  return guarded ? "'" + cell : cell;
}

const quoted = (cell) => (/["\t\r\n]/.test(cell) ? '"' + cell.replace(/"/g, '""') + '"' : cell);

function tsv() {
  const lines = [data.columns, ...data.rows.map((row) => data.columns.map((name) => defused(valueOf(row, name), name)))];
  return "\ufeff" + lines.map((cells) => cells.map(quoted).join("\t") + "\n").join("");
}

// ---- edits ----

const edits = new Map(); // id -> some of EDITS
let dirty = false, canStore = true;

function valueOf(row, name) {
  const edit = edits.get(row.id);
  return edit && name in edit ? edit[name] : row[name] ?? "";
}

// What the file said when a row was edited: where it says something else by now, the file is right.
const basis = (row) => JSON.stringify(EDITS.concat("text_digest").map((name) => row[name] ?? ""));

function edit(row, fields) {
  edits.set(row.id, { ...edits.get(row.id), ...fields });
  dirty = true;
  store();
}

function store() {
  const kept = data.rows.filter((row) => edits.has(row.id)).map((row) => [row.id, basis(row), edits.get(row.id)]);
  try {
    localStorage.setItem(STORE, JSON.stringify({ dirty, kept, reviewer: $("reviewer").value, autoplay: $("autoplay").checked }));
  } catch {
    if (canStore) $("problem").textContent = "This browser keeps nothing: save the TSV before closing the page.";
    canStore = false;
  }
}

function restore() {
  let stored = null;
  try { stored = JSON.parse(localStorage.getItem(STORE)); } catch { /* nothing kept */ }
  if (!stored) return;
  $("reviewer").value ||= stored.reviewer ?? "";
  $("autoplay").checked = Boolean(stored.autoplay);
  const rows = new Map(data.rows.map((row) => [row.id, row]));
  for (const [id, before, fields] of stored.kept ?? []) {
    const row = rows.get(id);
    if (row && basis(row) === before) edits.set(id, fields);
  }
  dirty = Boolean(stored.dirty) && edits.size > 0;
}

// ---- the list ----

const state = { chip: "all", shown: data.rows, at: -1, row: null };
const CHIPS = {
  all: () => true,
  undecided: (row) => !valueOf(row, "decision"),
  ok: (row) => valueOf(row, "decision") === "ok",
  fix: (row) => valueOf(row, "decision") === "fix",
  drop: (row) => valueOf(row, "decision") === "drop",
};
for (const reason of new Set(data.rows.map((row) => row.reason).filter(Boolean)))
  CHIPS[reason] = (row) => row.reason === reason;

const ORDERS = {
  worth: null,
  cer: (a, b) => b.cer - a.cer,
  confidence: (a, b) => a.confidence - b.confidence,
  snr_db: (a, b) => a.snr_db - b.snr_db,
  duration_sec: (a, b) => b.duration_sec - a.duration_sec,
  id: (a, b) => (a.id < b.id ? -1 : 1),
};

function refilter() {
  const wanted = $("find").value.trim().toLowerCase();
  const says = (row) => !wanted || [valueOf(row, "text"), row.hypothesis, row.caption, row.id, valueOf(row, "note")].some((t) => String(t ?? "").toLowerCase().includes(wanted));
  state.shown = data.rows.filter((row) => CHIPS[state.chip](row) && says(row));
  const order = ORDERS[$("sort").value];
  if (order) state.shown = [...state.shown].sort(order);
  state.at = state.shown.indexOf(state.row);
  drawChips();
  drawList();
}

function drawChips() {
  $("chips").replaceChildren(...Object.entries(CHIPS).map(([name, takes]) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.textContent = `${name} ${data.rows.filter(takes).length}`;
    chip.dataset.chip = name;
    chip.setAttribute("aria-pressed", String(name === state.chip));
    chip.onclick = () => { state.chip = name; refilter(); if (state.at < 0) show(0); };
    return chip;
  }));
}

const MARKS = { ok: "✓ ok", fix: "✎ fix", drop: "✕ drop" };

function drawList() {
  const list = $("list"), first = Math.max(0, Math.floor(list.scrollTop / ROW_PX) - 5);
  const last = Math.min(state.shown.length, first + Math.ceil(list.clientHeight / ROW_PX) + 12);
  $("rows").style.height = state.shown.length * ROW_PX + "px";
  const drawn = [];
  for (let i = first; i < last; i++) {
    const row = state.shown[i], line = document.createElement("div");
    line.className = "row";
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", String(i === state.at));
    line.style.top = i * ROW_PX + "px";
    for (const [name, text] of [["mark", MARKS[valueOf(row, "decision")] ?? ""], ["what", valueOf(row, "text")], ["rate", (100 * (edits.get(row.id)?.text !== undefined ? rate(valueOf(row, "text"), row.hypothesis) : row.cer)).toFixed(1) + " %"]]) {
      const cell = document.createElement("span");
      cell.className = name;
      cell.textContent = text;
      if (name === "what") cell.lang = "ko";
      line.append(cell);
    }
    line.onclick = () => show(i);
    drawn.push(line);
  }
  $("rows").replaceChildren(...drawn);
  const decided = data.rows.filter((row) => valueOf(row, "decision")).length;
  $("progress").max = data.rows.length || 1;
  $("progress").value = decided;
  $("done").textContent = `${decided} of ${data.rows.length} decided, ${state.shown.length} shown`;
  $("save").classList.toggle("dirty", dirty);
}

// ---- one row ----

const player = $("player");
let stopAt = Infinity;

function show(i) {
  if (!state.shown.length) { state.at = -1; state.row = null; stopAt = Infinity; loop = null; $("card").hidden = true; player.pause(); drawList(); return; }
  state.at = Math.min(Math.max(i, 0), state.shown.length - 1);
  const row = (state.row = state.shown[state.at]);
  $("card").hidden = false;
  const list = $("list"), top = state.at * ROW_PX;
  if (top < list.scrollTop || top + ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
  $("about").textContent = [row.id, row.status, row.reason, `CER ${row.cer}`, `confidence ${row.confidence}`, `SNR ${row.snr_db} dB`, `${row.duration_sec} s`].filter(Boolean).join(" · ");
  $("caption").textContent = row.caption;
  $("hypothesis").textContent = row.hypothesis;
  $("text").value = valueOf(row, "text");
  $("note").value = valueOf(row, "note");
  $("problem").textContent = "";
  const source = $("source");
  source.hidden = !/^(https?|file):/.test(row.link ?? "");
  if (!source.hidden) source.href = row.link;
  player.pause();
  player.src = row.clip ? row.clip.split("/").map(encodeURIComponent).join("/") : "";
  stopAt = Infinity;
  cursor = row.start_sec ?? 0;
  loop = null;
  drawWords();
  drawText();
  drawList();
  drawWave();
  document.activeElement?.blur();
  if ($("autoplay").checked) play();
}

// The words as they were aligned: a doubtful one is underlined twice, that which sounds is lit, and
// each plays when it is clicked.
function drawWords() {
  const row = state.row, words = row.words ?? [];
  $("words").replaceChildren(...words.map(([text, , , sure, doubtful], k) => {
    const word = document.createElement("button");
    word.type = "button";
    word.tabIndex = -1;
    word.textContent = text;
    word.title = `${Math.round(100 * sure)} % sure`;
    word.classList.toggle("doubtful", doubtful);
    word.onclick = () => playWord(k);
    return word;
  }));
  $("words").hidden = !words.length || !row.clip;
  $("doubt").hidden = !words.some((word) => word[4]) || !row.clip;
}

function lightWord() {
  const row = state.row, second = cursor - (row?.start_sec ?? 0);
  $("words").childNodes.forEach((word, k) => {
    const [, start, end] = row.words[k];
    word.classList.toggle("sounding", second >= start && second < end);
  });
}

const AROUND_SEC = 0.3;
let loop = null; // [from, to] in the clip, and which word it is

function playWord(k) {
  const row = state.row, [, start, end] = row.words[k];
  player.pause();
  loop = { word: k, from: Math.max(0, row.start_sec + start - AROUND_SEC), to: Math.min(row.clip_sec, row.start_sec + end + AROUND_SEC) };
  begin(loop.from, Infinity);
}

function playNextDoubtful() {
  const row = state.row, doubtful = (row?.words ?? []).map((word, k) => k).filter((k) => row.words[k][4]);
  if (!doubtful.length || !row.clip) return;
  playWord(doubtful.find((k) => loop && k > loop.word) ?? doubtful[0]);
}

function drawText() {
  const row = state.row, text = $("text").value;
  $("cer").textContent = `${(100 * rate(text, row.hypothesis)).toFixed(1)} % of the text as it stands, without spaces`;
  drawDifference($("diff"), text, row.hypothesis);
}

function decide(decision) {
  const row = state.row;
  if (!row) return;
  const text = decision === "drop" ? valueOf(row, "text") : $("text").value.replace(/\s+/g, " ").trim();
  if (decision === "ok" && !comparable(text).length) { $("problem").textContent = "There is no text to accept; Delete drops the row."; return; }
  if (decision === "ok" && text !== row.original) decision = "fix";
  const fields = { decision, text, decided_at: decision ? new Date().toISOString().replace(/\.\d+Z$/, "Z") : "" };
  if (!decision) fields.text = row.original;
  if (decision && $("reviewer").value.trim()) fields.reviewer = $("reviewer").value.trim();
  edit(row, fields);
  if (!decision) { refilter(); $("text").value = row.original; drawText(); return; }
  // On to the next: the row itself may leave the list, when the filter no longer takes it.
  const behind = state.shown.slice(state.at + 1), next = behind.find((r) => !valueOf(r, "decision")) ?? behind[0] ?? null;
  const at = state.at;
  refilter();
  show(next ? state.shown.indexOf(next) : Math.min(at, state.shown.length - 1));
}

function takeHeard() {
  if (!state.row) return;
  $("text").value = state.row.hypothesis;
  decide("ok");
}

// ---- sound ----

let cursor = 0;

function play(around = false) {
  const row = state.row;
  if (!row?.clip) return;
  if (!player.paused) { player.pause(); return; }
  const from = around ? 0 : cursor >= row.end_sec - 0.02 || cursor < row.start_sec ? row.start_sec : cursor;
  loop = null;
  begin(from, around ? Infinity : row.end_sec);
}

function begin(from, until) {
  const row = state.row;
  stopAt = until;
  player.playbackRate = Number($("speed").value);
  const start = () => { player.currentTime = from; return player.play(); };
  const begun = player.readyState >= 1 ? start() : new Promise((done, failed) => {
    player.addEventListener("loadedmetadata", () => start().then(done, failed), { once: true });
    player.addEventListener("error", () => failed(new Error(row.clip + " cannot be played; is the folder clips beside this page?")), { once: true });
    player.load();
  });
  begun.catch((error) => { if (error.name !== "AbortError") $("problem").textContent = error.message; });
}

function seek(second) {
  loop = null;
  cursor = Math.min(Math.max(second, 0), state.row?.clip_sec ?? 0);
  if (player.readyState >= 1) player.currentTime = cursor;
  stopAt = cursor < (state.row?.end_sec ?? 0) ? stopAt : Infinity;
  drawWave();
}

function follow() {
  if (player.readyState >= 1) cursor = player.currentTime;
  if (loop && cursor >= loop.to) player.currentTime = cursor = loop.from;
  if (cursor >= stopAt) { player.pause(); stopAt = Infinity; cursor = state.row.end_sec; }
  drawWave();
  if (!player.paused) frame = requestAnimationFrame(follow);
}

let frame = 0;
player.addEventListener("play", () => { $("play").textContent = "Pause"; cancelAnimationFrame(frame); frame = requestAnimationFrame(follow); });
player.addEventListener("ended", () => { if (loop) begin(loop.from, Infinity); });
player.addEventListener("pause", () => { $("play").textContent = "Play"; });

const peaksOf = (row) => Uint8Array.from(atob(row.peaks ?? ""), (c) => c.charCodeAt(0));

function drawWave() {
  const row = state.row, canvas = $("wave");
  if (!row) return;
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d"), x = (second) => (width * second) / (row.clip_sec || 1);
  pen.scale(scale, scale);
  pen.fillStyle = "#eef3f7";
  pen.fillRect(x(row.start_sec), 0, x(row.end_sec) - x(row.start_sec), height);
  const peaks = peaksOf(row), step = width / (peaks.length || 1);
  peaks.forEach((peak, i) => {
    const second = ((i + 0.5) / peaks.length) * row.clip_sec, tall = Math.max(1, (peak / 255) * (height - 8));
    pen.fillStyle = second >= row.start_sec && second <= row.end_sec ? "#0b3c5d" : "#a9b4bd";
    pen.fillRect(i * step, (height - tall) / 2, Math.max(1, step * 0.7), tall);
  });
  pen.fillStyle = "#8a2c0d";
  pen.fillRect(x(cursor) - 1, 0, 2, height);
  lightWord();
  $("time").textContent = `${cursor.toFixed(2)} / ${(row.clip_sec ?? 0).toFixed(2)} s`;
  canvas.setAttribute("aria-valuenow", cursor.toFixed(2));
}

// ---- what people do ----

$("accept").onclick = () => decide("ok");
$("take").onclick = takeHeard;
$("drop").onclick = () => decide("drop");
$("clear").onclick = () => decide("");
$("play").onclick = () => play();
$("doubt").onclick = playNextDoubtful;
for (const button of document.querySelectorAll("[data-jump]")) button.onclick = () => seek(cursor + Number(button.dataset.jump));
$("wave").onclick = (event) => seek((event.offsetX / $("wave").clientWidth) * (state.row?.clip_sec ?? 0));
$("speed").onchange = () => { player.playbackRate = Number($("speed").value); };
$("text").oninput = () => { edit(state.row, { text: $("text").value }); drawText(); drawList(); };
$("note").oninput = () => { edit(state.row, { note: $("note").value }); drawList(); };
$("reviewer").onchange = store;
$("autoplay").onchange = store;
$("find").oninput = () => { refilter(); if (state.at < 0) show(0); };
$("sort").onchange = refilter;
$("list").onscroll = drawList;
window.onresize = () => { drawList(); drawWave(); };
$("help-button").onclick = () => {
  $("help").hidden = !$("help").hidden;
  $("help-button").setAttribute("aria-expanded", String(!$("help").hidden));
};
$("save").onclick = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([tsv()], { type: "text/tab-separated-values" }));
  link.download = data.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  dirty = false;
  store();
  drawList();
};
window.onbeforeunload = (event) => { if (dirty && !canStore) event.preventDefault(); };

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.metaKey) return; // a Korean input method is at work
  const active = document.activeElement;
  const inField = /^(INPUT|TEXTAREA|SELECT)$/.test(active?.tagName ?? "") && active.type !== "checkbox";
  const inText = document.activeElement === $("text");
  const step = event.shiftKey ? 5 : 2;
  const does = {
    Tab: () => show(state.at + (event.shiftKey ? -1 : 1)),
    Escape: () => document.activeElement?.blur(),
  };
  if (inText || !inField) does.Enter = () => (event.ctrlKey ? takeHeard() : decide("ok"));
  if (inText && event.ctrlKey) does[" "] = () => play(event.shiftKey);
  if (!inField) Object.assign(does, {
    " ": () => play(event.shiftKey),
    ArrowLeft: () => seek(cursor - step),
    ArrowRight: () => seek(cursor + step),
    ArrowUp: () => show(state.at - 1),
    ArrowDown: () => show(state.at + 1),
    Delete: () => decide("drop"),
    w: playNextDoubtful,
    W: playNextDoubtful,
    u: () => decide(""),
    U: () => decide(""),
    e: () => $("text").focus(),
    E: () => $("text").focus(),
  });
  const action = does[event.key];
  if (event.repeat && /^(Enter|Delete| )$/.test(event.key)) { event.preventDefault(); return; } // a key held down
  if (!action || (event.ctrlKey && !["Enter", " "].includes(event.key))) return;
  event.preventDefault();
  action();
});

restore();
refilter();
show(state.shown.findIndex((row) => !valueOf(row, "decision")));
