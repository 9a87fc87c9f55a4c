// ---- edits: on top of the rows, undone and done again, and kept in the browser ----
//
// Each row has an item of its own in the browser's storage, named by data set, file and cut, with what the
// file said when the row was edited.  So two tabs never write over each other, a page that is made again
// or moved finds its edits, and one that no longer fits its row is shown instead of dropped.

const STORE = `echoharvester-review/${data.dataset}/`;
const SETTINGS = "echoharvester-review settings";
const rowOf = new Map(data.rows.map((row) => [row.id, row]));
const edits = new Map(); // id -> some of EDITS
const against = new Map(); // id -> what the file said when it was edited, and what was saved to it since
const unsaved = new Set(); // ids
const leftovers = new Map(); // name in the storage -> item
const past = [], future = []; // steps: {what, rows, before, after}
let canStore = true;

function valueOf(row, name) {
  const edit = edits.get(row.id);
  return edit && name in edit ? edit[name] : row[name] ?? "";
}

const heardIn = (row) => row.heard ?? row.hypothesis ?? "";
const inFile = (row) => JSON.stringify(EDITS.concat("text_digest").map((name) => row[name] ?? ""));
const asEdited = (row) => JSON.stringify(EDITS.concat("text_digest").map((name) => valueOf(row, name)));
const isEdited = (row) => !valueOf(row, "decision") && valueOf(row, "text") !== row.original;
const nameOf = (id) => STORE + data.file + "/" + id;

function put(row, fields) {
  if (fields) edits.set(row.id, fields);
  else edits.delete(row.id);
  const known = against.get(row.id) ?? [inFile(row)];
  against.set(row.id, known);
  if (asEdited(row) === known.at(-1)) unsaved.delete(row.id);
  else unsaved.add(row.id);
  keep(row.id);
}

function keep(id) {
  const fields = edits.get(id), saved = !unsaved.has(id);
  try {
    if (!fields && saved) localStorage.removeItem(nameOf(id));
    else localStorage.setItem(nameOf(id), JSON.stringify({ id, file: data.file, against: against.get(id), fields: fields ?? {}, original: rowOf.get(id).original }));
  } catch {
    if (canStore) $("problem").textContent = say("no_storage");
    canStore = false;
  }
}

// One step: `changes` are rows with what becomes of them.
function change(what, changes, typed = "") {
  const last = past.at(-1);
  if (typed && last?.typed === typed) {
    put(changes[0][0], { ...edits.get(changes[0][0].id), ...changes[0][1] });
    last.after = [copyOf(changes[0][0])];
    future.length = 0;
    return;
  }
  const rows = changes.map(([row]) => row), before = rows.map(copyOf);
  for (const [row, fields] of changes) put(row, { ...edits.get(row.id), ...fields });
  past.push({ what, typed, rows, before, after: rows.map(copyOf) });
  future.length = 0;
}

function copyOf(row) {
  const fields = edits.get(row.id);
  return fields ? { ...fields } : null;
}

const same = (a, b) => EDITS.every((name) => (a ?? {})[name] === (b ?? {})[name]);

function takeStep(from, to, wanted, present, done) {
  const step = from.pop();
  if (!step) return;
  let elsewhere = false;
  step.rows.forEach((row, k) => {
    if (same(edits.get(row.id), step[present][k])) put(row, step[wanted][k]);
    else elsewhere = true;
  });
  step.typed = ""; // typing on begins a step of its own
  to.push(step);
  reveal(step.rows[0]);
  tell(elsewhere ? say("changed_elsewhere") : say(done, step.what));
}

const undo = () => takeStep(past, future, "before", "after", "undone");
const redo = () => takeStep(future, past, "after", "before", "redone");

// An item from the storage: an edit of a row as it is, one that the file has by now, or a leftover.
function place(name, item) {
  if (!item?.id || !item.fields) return;
  const row = rowOf.get(item.id), gone = item.file !== data.file && !data.files.includes(item.file);
  if (item.file !== data.file && !(gone && (row || data.files[0] === data.file))) return; // of another page
  const known = [].concat(item.against ?? []);
  leftovers.delete(name);
  if (row && known.includes(inFile(row))) {
    edits.set(row.id, item.fields);
    against.set(row.id, known);
    if (asEdited(row) === known.at(-1)) unsaved.delete(row.id);
    else unsaved.add(row.id);
    if (name !== nameOf(row.id)) { forget(name); keep(row.id); }
  } else if (row && EDITS.every((field) => !(field in item.fields) || String(item.fields[field] ?? "") === String(row[field] ?? ""))) forget(name);
  else if (Object.keys(item.fields).length) leftovers.set(name, item);
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
    const item = JSON.parse(event.newValue ?? event.oldValue);
    if (item.file === data.file && rowOf.has(item.id)) {
      edits.delete(item.id);
      against.delete(item.id);
      unsaved.delete(item.id);
    }
    if (event.newValue) place(event.key, item);
  } catch { return; }
  refilter();
  if (state.row) fillCard(state.row);
}

// The file says this now: edits that still fit stay.
function takeFile(rows) {
  const items = [...edits].map(([id, fields]) => [nameOf(id), { id, file: data.file, against: against.get(id), fields, original: rowOf.get(id).original }]);
  let taken = 0;
  for (const row of data.rows) {
    const written = rows.get(row.id);
    if (!written) continue;
    taken++;
    for (const name of [...EDITS, "text_digest"]) if (name in written) row[name] = written[name];
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
    if (!edits.has(row.id) && !unsaved.has(row.id)) continue;
    const known = against.get(row.id) ?? [inFile(row)], now = asEdited(row);
    against.set(row.id, [...known.filter((said) => said !== now), now]);
    unsaved.delete(row.id);
    keep(row.id);
  }
  tell(say("saved", data.file));
  drawList();
}

// ---- settings, which outlive a reload ----

const KEPT = { reviewer: "value", autoplay: "checked", speed: "value", sort: "value", language: "value" };
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
  $("reviewer").value ||= data.rows.find((row) => row.reviewer)?.reviewer ?? "";
  language = $("language").value || "en";
}
