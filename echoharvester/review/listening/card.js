// ---- one row ----

const FAR = 0.5, IDLE_SEC = 120;
let asked = ""; // which correction was asked about
let lastDecided = null;
let looked = { since: 0, sec: 0 }; // how long the row has been in sight

function show(i) {
  if (!state.shown.length) { state.at = -1; state.row = null; stopAt = Infinity; loop = null; player.pause(); $("card").hidden = true; drawList(); return; }
  state.at = Math.min(Math.max(i, 0), state.shown.length - 1);
  const row = state.shown[state.at], fresh = row !== state.row;
  state.row = row;
  $("card").hidden = false;
  const list = $("list"), top = state.at * ROW_PX;
  if (top < list.scrollTop || top + ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
  if (fresh) {
    asked = "";
    looked = { since: performance.now(), sec: 0 };
    loadSound(row);
    if (row.picture) picture.src = "clips/" + encodeURIComponent(row.picture);
    else picture.removeAttribute("src");
  }
  fillCard(row);
  drawList();
  if (document.activeElement && document.activeElement !== document.body && $("card").contains(document.activeElement) && /^(TEXTAREA|INPUT)$/.test(document.activeElement.tagName)) list.focus({ preventScroll: true });
  if (fresh && $("autoplay").checked) play();
}

function reveal(row) {
  refilter();
  if (!state.shown.includes(row)) { state.chip = "all"; refilter(); }
  if (!state.shown.includes(row)) clearFilters();
  state.row = null; // filled anew, whatever was there
  show(state.shown.indexOf(row));
}

function fillCard(row) {
  $("about").textContent = [row.id, ...say("about", { ...row, rate: (100 * rateOf(row)).toFixed(1) })].filter(Boolean).join(" · ");
  $("from").textContent = [row.title, row.speaker].filter(Boolean).join(" · ");
  $("caption").textContent = row.caption ?? "";
  $("hypothesis").textContent = row.hypothesis ?? "";
  if ($("text").value !== valueOf(row, "text")) $("text").value = valueOf(row, "text");
  if ($("note").value !== valueOf(row, "note")) $("note").value = valueOf(row, "note");
  $("problem").textContent = isOutdated(row) ? say("outdated_why", row.original) : "";
  $("decided-as").textContent = markOf(row);
  const source = $("source");
  source.hidden = !/^(https?|file):/.test(row.link ?? "");
  if (!source.hidden) source.href = row.link;
  drawWords();
  drawText();
  drawWave();
}

// The words as they were aligned, tinted by how unsure each is: a doubtful one is underlined twice, that
// which sounds is lit, and each plays when it is clicked.
function drawWords() {
  const row = state.row, words = row.words ?? [];
  $("words").replaceChildren(...words.map(([text, , , sure, doubtful], k) => {
    const word = document.createElement("button");
    word.type = "button";
    word.textContent = text;
    word.title = say("sure", Math.round(100 * sure));
    word.style.setProperty("--doubt", Math.round(60 * (1 - Math.min(1, Math.max(0, sure)))) + "%");
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
    const [, start_sec, end_sec] = row.words[k];
    word.classList.toggle("sounding", second >= start_sec && second < end_sec);
  });
}

function drawText() {
  const row = state.row, text = $("text").value;
  $("cer").textContent = say("live_cer", (100 * rate(text, heardIn(row))).toFixed(1));
  drawDifference($("diff"), text, heardIn(row));
}

// ---- decisions ----

// A correction that may have slipped into another row: stage 8 asks about it, too.
function isFar(row, text) {
  const before = rate(row.original, heardIn(row));
  return letters(text) !== letters(row.original) && rate(text, heardIn(row)) > Math.max(before, FAR);
}

const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");

// The fields of a row once it is decided so.
function decided(row, decision, text) {
  const digest = row.digest ? { text_digest: row.digest } : {}; // of the text that is decided on
  if (!decision) return { decision: "", text: row.original, decided_at: "", listened: "", decision_sec: "", reviewer: dealtTo, ...digest };
  if (decision === "ok" && text !== row.original) decision = isFar(row, text) ? "fix!" : "fix";
  const fields = { ...digest, decision, text, decided_at: now(), listened: String(Math.round(100 * heardShare(row)) / 100) };
  fields.decision_sec = row === state.row ? String(Math.round(10 * lookedAt()) / 10) : "0";
  const reviewer = $("reviewer").value.trim();
  if (reviewer) fields.reviewer = reviewer;
  return fields;
}

function lookedAt() {
  if (!document.hidden) looked.sec += Math.min(IDLE_SEC, (performance.now() - looked.since) / 1000);
  looked.since = performance.now();
  return looked.sec;
}

// Why stage 8 would not take a text; "" where it does.
function faultOf(row, text) {
  const count = comparable(text).length;
  return !count ? say("no_text") : text !== row.original && count < 2 ? say("too_short") : "";
}

// What has to be said twice; "" for what goes at once.
function questionOf(row, decision, text) {
  const before = valueOf(row, "decision"), percent = (share) => Math.round(100 * share);
  if (decision === "ok" && before === "drop") return say("was_dropped");
  if (decision === "ok" && isFar(row, text)) return say("far", percent(rate(text, heardIn(row))), percent(rate(row.original, heardIn(row))));
  return "";
}

function decide(decision) {
  const row = state.row;
  if (!row) return;
  const text = decision === "drop" ? valueOf(row, "text") : $("text").value.replace(/\s+/g, " ").trim();
  const fault = decision === "ok" ? faultOf(row, text) : "", question = questionOf(row, decision, text);
  if (fault) { $("problem").textContent = fault; return; }
  if (question && asked !== row.key + text) {
    asked = row.key + text;
    $("problem").textContent = question;
    return;
  }
  const before = valueOf(row, "decision"), asItWas = !isOutdated(row) && text === valueOf(row, "text") && (decision === before || (decision === "ok" && before.startsWith("fix")));
  if (asItWas && (decision || !isEdited(row))) { if (decision) goOn(); return; }
  change(`${say(decision || "clear")} “${text.slice(0, 20)}”`, [[row, decided(row, decision, text)]]);
  if (!decision) { refilter(); fillCard(row); return; }
  lastDecided = row;
  goOn();
}

// On to the next that is undecided, from the top again behind the last; the row itself may leave the list,
// when the filter no longer takes it.
function goOn() {
  const undecided = (row) => !valueOf(row, "decision") && row !== state.row;
  const behind = state.shown.slice(state.at + 1);
  const next = behind.find(undecided) ?? state.shown.find(undecided) ?? behind[0] ?? null, at = state.at;
  refilter();
  show(next ? state.shown.indexOf(next) : Math.min(at, state.shown.length - 1));
}

function takeHeard() {
  if (!state.row) return;
  $("text").value = state.row.hypothesis ?? "";
  decide("ok");
}

function goBack() {
  if (lastDecided) reveal(lastDecided);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) looked.sec += Math.min(IDLE_SEC, (performance.now() - looked.since) / 1000);
  looked.since = performance.now();
});
