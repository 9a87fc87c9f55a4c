// ---- the list: filters, order, selection; only the rows in sight are drawn ----

const ROW_PX = 44, UNHEARD = 0.02;
const state = { chip: "all", shown: data.rows, at: -1, row: null, picked: new Set(), pickedFrom: null };
const RANGES = ["cer", "confidence", "snr_db", "duration_sec"];
const accepts = (row) => ["ok", "fix", "fix!"].includes(valueOf(row, "decision"));
const isUnheard = (row) => accepts(row) && valueOf(row, "listened") !== "" && Number(valueOf(row, "listened")) < UNHEARD;

const CHIPS = {
  all: () => true,
  undecided: (row) => !valueOf(row, "decision"),
  ok: (row) => valueOf(row, "decision") === "ok",
  fix: (row) => valueOf(row, "decision").startsWith("fix"),
  drop: (row) => valueOf(row, "decision") === "drop",
  edited: isEdited,
  outdated: isOutdated,
  unheard: isUnheard,
};
for (const reason of new Set(data.rows.map((row) => row.reason).filter(Boolean)))
  CHIPS["reason " + reason] = (row) => row.reason === reason;

// Most first; what turns the order round is beside.
const numberOf = (row, name) => (name === "cer" ? 100 * rateOf(row) : row[name] === "" || row[name] === undefined ? NaN : Number(row[name]));
const ORDERS = {
  worth: null,
  cer: (a, b) => numberOf(b, "cer") - numberOf(a, "cer"),
  confidence: (a, b) => numberOf(a, "confidence") - numberOf(b, "confidence"),
  snr_db: (a, b) => numberOf(a, "snr_db") - numberOf(b, "snr_db"),
  duration_sec: (a, b) => numberOf(b, "duration_sec") - numberOf(a, "duration_sec"),
  id: (a, b) => a.id.localeCompare(b.id, "en", { numeric: true }),
  decided_at: (a, b) => valueOf(b, "decided_at").localeCompare(valueOf(a, "decided_at")),
};

function rateOf(row) {
  if (edits.get(row.key)?.text !== undefined) return rate(valueOf(row, "text"), heardIn(row));
  return (row.rate ??= rate(valueOf(row, "text"), heardIn(row)));
}

function filtersNow() {
  const number = (id) => ($(id).value.trim() === "" ? null : Number($(id).value));
  const ranges = RANGES.map((name) => [name, number("from-" + name), number("to-" + name)]).filter(([, low, high]) => low !== null || high !== null);
  return { wanted: $("find").value.trim().toLowerCase(), media: $("media").value, speaker: $("speaker").value, ranges };
}

function refilter() {
  const { wanted, media, speaker, ranges } = filtersNow();
  const says = (row) => [valueOf(row, "text"), row.hypothesis, row.caption, row.id, row.title, valueOf(row, "note")].some((t) => String(t ?? "").toLowerCase().includes(wanted));
  const within = (row) => ranges.every(([name, low, high]) => { const value = numberOf(row, name); return (low === null || value >= low) && (high === null || value <= high); });
  state.shown = data.rows.filter((row) => CHIPS[state.chip](row) && (!wanted || says(row)) && (!media || row.media === media) && (!speaker || row.speaker === speaker) && within(row));
  const order = ORDERS[$("sort").value];
  if (order) state.shown.sort(order);
  if (settings.backwards) state.shown.reverse();
  state.at = state.shown.indexOf(state.row);
  const more = ranges.length + (media ? 1 : 0) + (speaker ? 1 : 0);
  $("filters-count").textContent = more ? ` (${more})` : "";
  drawChips();
  drawList();
}

function clearFilters() {
  state.chip = "all";
  for (const input of document.querySelectorAll("#find, #filters input, #filters select")) input.value = "";
  refilter();
  if (state.at < 0) show(0);
}

function drawChips() {
  const kept = document.activeElement?.dataset?.chip;
  $("chips").replaceChildren(...Object.entries(CHIPS).flatMap(([name, takes]) => {
    const count = data.rows.filter(takes).length;
    if (!count && !["all", "undecided", "ok", "fix", "drop"].includes(name) && name !== state.chip) return [];
    const chip = document.createElement("button");
    chip.type = "button";
    chip.textContent = `${name.startsWith("reason ") ? name.slice(7) : say(name)} ${count}`;
    chip.dataset.chip = name;
    chip.setAttribute("aria-pressed", String(name === state.chip));
    chip.onclick = () => { state.chip = name; refilter(); if (state.at < 0) show(0); };
    return [chip];
  }));
  if (kept) document.querySelector(`[data-chip="${CSS.escape(kept)}"]`)?.focus();
}

const MARKS = { ok: "✓ ", fix: "✎ ", "fix!": "✎ ", drop: "✕ " };

function markOf(row) {
  const decision = valueOf(row, "decision");
  if (isOutdated(row)) return "⚠ " + say("outdated");
  return decision ? (MARKS[decision] ?? "") + (decision === "fix!" ? "fix!" : say(decision)) : isEdited(row) ? "… " + say("edited") : "";
}

function drawList() {
  const list = $("list"), first = Math.max(0, Math.floor(list.scrollTop / ROW_PX) - 5);
  const last = Math.min(state.shown.length, first + Math.ceil(list.clientHeight / ROW_PX) + 12);
  $("rows").style.height = state.shown.length * ROW_PX + "px";
  $("rows").replaceChildren(...state.shown.slice(first, last).map((row, k) => drawnRow(row, first + k)));
  if (state.at >= first && state.at < last) list.setAttribute("aria-activedescendant", "row-" + state.at);
  else list.removeAttribute("aria-activedescendant");
  const decided = data.rows.filter((row) => valueOf(row, "decision")).length;
  const unheard = data.rows.filter(isUnheard).length;
  $("back").disabled = !lastDecided;
  $("progress").max = data.rows.length || 1;
  $("progress").value = decided;
  $("done").textContent = say("decided", decided, data.rows.length, state.shown.length) + (unheard ? ", " + say("unheard_count", unheard) : "");
  $("save").classList.toggle("dirty", unsaved.size > 0);
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  drawPicked();
  drawEmpty();
  drawEstimate();
  drawLeftovers();
}

function drawnRow(row, i) {
  const line = document.createElement("div");
  line.className = "row";
  line.id = "row-" + i;
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", String(state.picked.has(row)));
  line.setAttribute("aria-posinset", String(i + 1));
  line.setAttribute("aria-setsize", String(state.shown.length));
  line.classList.toggle("current", i === state.at);
  line.classList.toggle("decided", Boolean(valueOf(row, "decision")));
  line.style.top = i * ROW_PX + "px";
  for (const [name, text] of [["pick", state.picked.has(row) ? "☑" : "☐"], ["mark", markOf(row)], ["what", valueOf(row, "text")], ["rate", (100 * rateOf(row)).toFixed(1) + " %"]]) {
    const cell = document.createElement("span");
    cell.className = name;
    cell.textContent = text;
    if (name === "what") { cell.lang = "ko"; cell.title = row.title ?? ""; }
    if (name === "pick") cell.setAttribute("aria-hidden", "true");
    line.append(cell);
  }
  line.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.target.className === "pick") pick(row);
    else if (event.shiftKey) pickTo(i);
    else {
      show(i);
      if (matchMedia("(max-width: 50rem)").matches) $("card").scrollIntoView();
    }
  };
  return line;
}

// ---- rows that are selected, for one decision on all ----

function pick(row, wanted = !state.picked.has(row)) {
  if (wanted) state.picked.add(row);
  else state.picked.delete(row);
  state.pickedFrom = row;
  drawList();
}

function pickTo(i) {
  const found = state.shown.indexOf(state.pickedFrom), from = found < 0 ? Math.max(0, state.at) : found;
  for (let k = Math.min(from, i); k <= Math.max(from, i); k++) state.picked.add(state.shown[k]);
  drawList();
}

function pickShown() {
  state.picked = new Set(state.shown);
  drawList();
}

function unpick() {
  state.picked.clear();
  state.pickedFrom = null;
  drawList();
}

function drawPicked() {
  $("picked").hidden = !state.picked.size;
  const hidden = [...state.picked].filter((row) => !state.shown.includes(row)).length;
  $("picked-count").textContent = say("picked", state.picked.size) + (hidden ? ` (${say("not_shown", hidden)})` : "");
}

// What is decided already, or has to be looked at by itself, stays as it is, and stays selected.
function decidePicked(decision) {
  const rows = data.rows.filter((row) => state.picked.has(row));
  const fits = (row) => {
    if (!decision) return Boolean(valueOf(row, "decision"));
    return !valueOf(row, "decision") && (decision === "drop" || (!faultOf(row, valueOf(row, "text")) && !isFar(row, valueOf(row, "text"))));
  };
  const fitting = rows.filter(fits);
  if (fitting.length) change(`${say("picked", fitting.length)}: ${say(decision || "clear")}`, fitting.map((row) => [row, decided(row, decision, valueOf(row, "text"))]));
  state.picked = new Set(rows.filter((row) => !fitting.includes(row)));
  refilter();
  if (state.row && state.at >= 0) fillCard(state.row);
  else show(0);
  tell(say("picked_done", fitting.length, rows.length - fitting.length));
}

// ---- where there is nothing to show, what is next ----

function drawEmpty() {
  const allDecided = data.rows.every((row) => valueOf(row, "decision"));
  const edited = data.rows.filter(isEdited).length;
  let text = "";
  if (!data.rows.length) text = say("nothing_given");
  else if (!state.shown.length && state.chip === "undecided" && allDecided) text = say("finished");
  else if (!state.shown.length) text = say("nothing_fits");
  else if (allDecided) text = say("finished");
  if (text === say("finished") && edited) text += " " + say("edited_left", edited);
  $("empty").hidden = !text;
  $("empty-text").textContent = text;
  $("empty-clear").hidden = !data.rows.length || state.shown.length > 0;
}
