// ---- search and replace, with a preview ----

function rowsToReplaceIn() {
  const wanted = $("replace-find").value;
  const rows = $("replace-scope").value === "picked" ? data.rows.filter((row) => state.picked.has(row)) : state.shown;
  if (!wanted) return [];
  return rows.filter((row) => valueOf(row, "decision") !== "drop" && valueOf(row, "text").includes(wanted));
}

const replacedIn = (row) => valueOf(row, "text").replaceAll($("replace-find").value, () => $("replace-with").value).replace(/\s+/g, " ").trim();

function drawReplace() {
  const rows = rowsToReplaceIn();
  $("replace-do").textContent = say("replace_do", rows.length);
  $("replace-do").disabled = !rows.length;
  $("replace-none").hidden = rows.length > 0 || !$("replace-find").value;
  $("replace-preview").replaceChildren(...rows.slice(0, 100).map((row) => {
    const line = document.createElement("li");
    line.lang = "ko";
    const parts = valueOf(row, "text").split($("replace-find").value);
    parts.forEach((part, k) => {
      if (k) {
        const gone = document.createElement("del"), come = document.createElement("ins");
        gone.textContent = $("replace-find").value;
        come.textContent = $("replace-with").value;
        line.append(gone, come);
      }
      line.append(part);
    });
    return line;
  }));
}

function replaceAll() {
  const rows = rowsToReplaceIn();
  change(`${say("replace_title")}: ${$("replace-find").value}`, rows.map((row) => {
    const text = replacedIn(row);
    return [row, valueOf(row, "decision") ? decided(row, "ok", text) : { text }];
  }));
  $("replace-dialog").close();
  refilter();
  if (state.row) fillCard(state.row);
}

// ---- decisions of this browser that fit no row any more ----

function drawLeftovers() {
  $("leftovers").hidden = !leftovers.size;
  $("leftovers-title").textContent = say("leftovers", leftovers.size);
  $("leftovers-list").replaceChildren(...[...leftovers].map(([name, item]) => {
    const line = document.createElement("li"), row = rowOf.get(item.id);
    const why = !row ? say("gone_row") : row.original !== item.original ? say("changed_text") : say("decided_in_file");
    line.append(`${item.id}: ${item.fields.decision || say("undecided")} “`, part(item.fields.text ?? item.original), `” (${why}; ${say("made_against")} “`, part(item.original), "”) ");
    if (row) line.append(button("apply", () => applyLeftover(name, item)), " ");
    line.append(button("discard", () => { forget(name); drawList(); }));
    return line;
  }));
}

function part(text) {
  const span = document.createElement("span");
  span.lang = "ko";
  span.textContent = text ?? "";
  return span;
}

function button(key, does) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = say(key);
  made.onclick = does;
  return made;
}

function applyLeftover(name, item) {
  const row = rowOf.get(item.id);
  forget(name);
  change(`${row.id}: ${say("apply")}`, [[row, item.fields]]);
  reveal(row);
}

// ---- a TSV that somebody has worked on ----

async function openFile(file) {
  const rows = parsed(decoded(await file.arrayBuffer()));
  if (!rows) { tell(say("not_opened", file.name)); return; }
  const taken = takeFile(rows);
  tell(say("opened", file.name, taken, [...rows.keys()].filter((id) => !rowOf.has(id)).length));
  refilter();
  if (state.row) fillCard(state.row);
}

// Served, the page can see for itself what the file beside it says by now.
async function readFileBeside() {
  if (!served) return;
  try {
    const answer = await fetch(encodeURIComponent(data.file), { cache: "no-store" });
    if (!answer.ok) return;
    const rows = parsed(decoded(await answer.arrayBuffer()));
    if (rows && takeFile(rows)) { refilter(); if (state.row) fillCard(state.row); }
  } catch { /* the page has what it was made with */ }
}
