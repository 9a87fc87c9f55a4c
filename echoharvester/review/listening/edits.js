// ---- edits: on top of the rows, undone and done again, and kept in the browser ----
//
// Each row has an item of its own in the browser's storage, named by data set, file and cut, with what the
// file said when the row was edited.  So two tabs never write over each other, a page that is made again
// or moved finds its edits, and one that no longer fits its row is shown instead of dropped.

const STORE = `echoharvester-review/${data.dataset}/`;
const LEFT = STORE + "left over/"; // what fits no row as it is now
const SETTINGS = "echoharvester-review settings";
const TRACKED = EDITS.concat("text_digest");
const edits = new Map(); // key of a row -> some of TRACKED
const against = new Map(); // key -> marks of what the file said when it was edited, and of what was saved since
const unsaved = new Set(); // keys
const leftovers = new Map(); // name in the storage -> item
const past = [], future = []; // steps: {what, rows, before, after, gone: leftovers that it took away}
let canStore = true;

// A row that stands twice has two keys: which one is meant, merging asks.
const seen = new Map();
for (const row of data.rows) {
  const times = seen.get(row.id) ?? 0;
  seen.set(row.id, times + 1);
  row.key = times ? `${row.id} (${times + 1})` : row.id;
  row.decision = String(row.decision ?? "").trim().toLowerCase();
}
const rowOf = new Map(data.rows.map((row) => [row.key, row]));

function valueOf(row, name) {
  const edit = edits.get(row.key);
  return edit && name in edit ? edit[name] : row[name] ?? "";
}

const heardIn = (row) => row.heard ?? row.hypothesis ?? "";
const markOfValues = (values) => hash(JSON.stringify(values.map((value) => String(value ?? "").trim())));
const inFile = (row) => markOfValues(TRACKED.map((name) => row[name]));
const asEdited = (row) => markOfValues(TRACKED.map((name) => valueOf(row, name)));
const isEdited = (row) => !valueOf(row, "decision") && valueOf(row, "text") !== row.original;
// Decided on a text that is another by now: stage 8 would not apply it.
const isOutdated = (row) => Boolean(row.digest && valueOf(row, "decision") && valueOf(row, "text_digest") && valueOf(row, "text_digest") !== row.digest);
const nameOf = (key) => STORE + data.file + "/" + key;

// 53 bits of a text: enough to tell a row's states apart.
function hash(text) {
  let a = 0xdeadbeef, b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}

function put(row, fields) {
  if (fields) edits.set(row.key, fields);
  else edits.delete(row.key);
  const known = against.get(row.key) ?? [inFile(row)];
  against.set(row.key, known);
  if (asEdited(row) === known.at(-1)) unsaved.delete(row.key);
  else unsaved.add(row.key);
  keep(row);
}

function keep(row) {
  const known = against.get(row.key) ?? [inFile(row)];
  let fields = edits.get(row.key);
  // Once it was saved, the file may say either: then all that holds is kept, not what differs from one of them.
  if (known.length > 1) fields = Object.fromEntries(TRACKED.map((name) => [name, valueOf(row, name)]));
  if (!fields) return forget(nameOf(row.key));
  store(nameOf(row.key), { id: row.id, key: row.key, file: data.file, against: known, fields, original: row.original });
}

function store(name, item) {
  try {
    localStorage.setItem(name, JSON.stringify(item));
    canStore = true;
  } catch { canStore = false; }
  $("full").hidden = canStore;
}

// One step: `changes` are rows with what becomes of them.
function change(what, changes, typed = "", gone = []) {
  const last = past.at(-1);
  tell("");
  if (typed && last?.typed === typed) {
    put(changes[0][0], { ...edits.get(changes[0][0].key), ...changes[0][1] });
    last.after = [copyOf(changes[0][0])];
    future.length = 0;
    return;
  }
  const rows = changes.map(([row]) => row), before = rows.map(copyOf);
  for (const [row, fields] of changes) put(row, { ...edits.get(row.key), ...fields });
  past.push({ what, typed, rows, gone, before, after: rows.map(copyOf) });
  future.length = 0;
}

function copyOf(row) {
  const fields = edits.get(row.key);
  return fields ? { ...fields } : null;
}

const same = (a, b) => TRACKED.every((name) => (a ?? {})[name] === (b ?? {})[name]);

function takeStep(from, to, wanted, present, done) {
  const step = from.pop();
  if (!step) return;
  const first = step.rows[0], fits = step.rows.map((row, k) => same(edits.get(row.key), step[present][k])), elsewhere = fits.includes(false);
  for (const name of ["rows", "before", "after"]) step[name] = step[name].filter((_, k) => fits[k]);
  step.rows.forEach((row, k) => put(row, step[wanted][k]));
  for (const [name, item] of step.gone) {
    if (wanted === "after") { forget(name); continue; }
    store(name, item);
    leftovers.set(name, item);
  }
  step.typed = ""; // typing on begins a step of its own
  if (step.rows.length || step.gone.length) to.push(step);
  if (first) reveal(first);
  else drawList();
  tell(elsewhere ? say("changed_elsewhere") : say(done, step.what));
}

const undo = () => takeStep(past, future, "before", "after", "undone");
const redo = () => takeStep(future, past, "after", "before", "redone");

// An item from the storage: an edit of a row as it is, one that the file has by now, or a leftover.
function place(name, item) {
  if (!item?.id || !item.fields) return;
  const row = rowOf.get(item.key ?? item.id), gone = item.file !== data.file && !data.files.includes(item.file);
  if (item.file !== data.file && !(gone && (row || data.files.length < 2))) return; // of another page
  const known = [].concat(item.against ?? []);
  leftovers.delete(name);
  const told = (field) => String(item.fields[field] ?? "").trim() === String(row[field] ?? "").trim();
  if (row && known.includes(inFile(row)) && !(name !== nameOf(row.key) && edits.has(row.key))) {
    edits.set(row.key, item.fields);
    against.set(row.key, known);
    if (asEdited(row) === known.at(-1)) unsaved.delete(row.key);
    else unsaved.add(row.key);
    if (name !== nameOf(row.key)) { forget(name); keep(row); }
  } else if (row && TRACKED.every((field) => !(field in item.fields) || told(field))) forget(name);
  else if (Object.keys(item.fields).length) {
    // Under a name of its own: what is decided on that row from now on must not write over it.
    const own = name.startsWith(LEFT) ? name : `${LEFT}${item.file}/${item.key ?? item.id}/${hash(JSON.stringify(item.fields))}`;
    if (own !== name) { store(own, item); forget(name); }
    leftovers.set(own, item);
  }
}

function forget(name) {
  leftovers.delete(name);
  try { localStorage.removeItem(name); } catch { /* nothing is kept */ }
}

function restoreEdits() {
  const found = [];
  try {
    for (let i = 0; i < localStorage.length; i++) {
      const name = localStorage.key(i);
      if (name.startsWith(STORE)) found.push([name, localStorage.getItem(name)]);
    }
  } catch { canStore = false; }
  for (const [name, text] of found) {
    try { place(name, JSON.parse(text)); } catch { /* not ours */ }
  }
}

// What another tab has decided.
function onStorage(event) {
  if (!event.key?.startsWith(STORE)) return;
  try {
    const item = JSON.parse(event.newValue ?? event.oldValue), key = item.key ?? item.id;
    if (event.key.startsWith(LEFT) && !event.newValue) leftovers.delete(event.key);
    else if (event.key === nameOf(key)) {
      edits.delete(key);
      against.delete(key);
      unsaved.delete(key);
    }
    if (event.newValue) place(event.key, item);
  } catch { return; }
  refilter();
  if (!state.row) return;
  fillCard(state.row);
  if (event.key === nameOf(state.row.key)) tell(say("elsewhere"));
}

// The file says this now: edits that still fit stay, and what fitted no more may fit again.
function takeFile(rows) {
  const items = [...leftovers];
  for (const [key, fields] of edits) {
    const row = rowOf.get(key);
    items.push([nameOf(key), { id: row.id, key, file: data.file, against: against.get(key), fields, original: row.original }]);
  }
  let taken = 0;
  for (const row of data.rows) {
    const written = rows.get(row.id)?.[row.key === row.id ? 0 : Number(row.key.match(/\((\d+)\)$/)[1]) - 1];
    if (!written) continue;
    taken++;
    for (const name of TRACKED) if (name in written) row[name] = written[name];
    row.decision = row.decision.toLowerCase();
  }
  edits.clear();
  against.clear();
  unsaved.clear();
  for (const [name, item] of items) place(name, item);
  return taken;
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([tsv()], { type: "text/tab-separated-values" }));
  link.download = data.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  for (const row of data.rows) {
    if (!edits.has(row.key) && !unsaved.has(row.key)) continue;
    const known = against.get(row.key) ?? [inFile(row)], now = asEdited(row);
    against.set(row.key, [...known.filter((said) => said !== now), now]);
    unsaved.delete(row.key);
    keep(row);
  }
  tell(say("saved", data.file));
  drawList();
}

// ---- settings, which outlive a reload ----

const KEPT = { reviewer: "value", autoplay: "checked", speed: "value", sort: "value", language: "value" };
let dealtTo = "";
const settings = { loop: false, spectrogram: false, zoom: 1, backwards: false };

function keepSettings() {
  const values = { ...settings };
  for (const [id, property] of Object.entries(KEPT)) values[id] = $(id)[property];
  try { localStorage.setItem(SETTINGS, JSON.stringify(values)); } catch { /* nothing is kept */ }
}

function restoreSettings() {
  let values = {};
  try { values = JSON.parse(localStorage.getItem(SETTINGS)) ?? {}; } catch { /* nothing was kept */ }
  for (const [id, property] of Object.entries(KEPT)) if (id in values) $(id)[property] = values[id];
  for (const name of Object.keys(settings)) if (name in values) settings[name] = values[name];
  if (!("language" in values)) $("language").value = navigator.language.startsWith("ko") ? "ko" : "en";
  for (const id of ["speed", "sort"]) if (!$(id).value) $(id).selectedIndex = 0;
  // A file that was dealt out to somebody is theirs, whoever has used this browser before.
  const dealt = new Set(data.rows.filter((row) => !row.decision).map((row) => row.reviewer ?? ""));
  if (dealt.size === 1) dealtTo = [...dealt][0];
  if (dealtTo) $("reviewer").value = dealtTo;
  language = $("language").value || "en";
}
