// ---- search and replace, with a preview ----

const MOST_PREVIEWED = 500;

function rowsToReplaceIn() {
  const wanted = $("replace-find").value;
  const rows = $("replace-scope").value === "picked" ? data.rows.filter((row) => state.picked.has(row)) : state.shown;
  if (!wanted) return [];
  return rows.filter((row) => valueOf(row, "decision") !== "drop" && valueOf(row, "text").includes(wanted) && replacedIn(row) !== valueOf(row, "text") && !asksFirst(row));
}

// A text that would be none, or of a decided row one far from what was heard, is not made without a look.
const asksFirst = (row) => Boolean(faultOf(row, replacedIn(row))) || (Boolean(valueOf(row, "decision")) && isFar(row, replacedIn(row)));

const replacedIn = (row) => valueOf(row, "text").replaceAll($("replace-find").value, () => $("replace-with").value).replace(/\s+/g, " ").trim();

function drawReplace() {
  const rows = rowsToReplaceIn();
  $("replace-do").textContent = say("replace_do", rows.length);
  $("replace-do").disabled = !rows.length;
  $("replace-none").hidden = rows.length > 0 || !$("replace-find").value;
  const more = rows.length > MOST_PREVIEWED ? [Object.assign(document.createElement("li"), { textContent: say("and_more", rows.length - MOST_PREVIEWED) })] : [];
  $("replace-preview").replaceChildren(...rows.slice(0, MOST_PREVIEWED).map((row) => {
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
  }), ...more);
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
  tell(say("replace_done", rows.length));
}

// ---- decisions of this browser that fit no row any more ----

function drawLeftovers() {
  $("leftovers").hidden = !leftovers.size;
  $("leftovers-title").textContent = say("leftovers", leftovers.size);
  $("leftovers-list").replaceChildren(...[...leftovers].map(([name, item]) => {
    const line = document.createElement("li"), row = rowOf.get(item.key ?? item.id);
    const why = !row ? say("gone_row") : row.original !== item.original ? say("changed_text") : item.against?.length ? say("decided_in_file") : say("decided_here");
    line.append(`${item.id}: ${item.fields.decision || say("undecided")} “`, part(item.fields.text ?? item.original), `” (${why}; ${say("made_against")} “`, part(item.original), "”) ");
    if (row) line.append(button("apply", () => applyLeftover(name, item)), " ");
    line.append(button("discard", () => {
      change(`${say("discard")} “${(item.fields.text ?? item.original ?? "").slice(0, 20)}”`, [], "", [[name, item]]);
      forget(name);
      drawList();
    }));
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
  const row = rowOf.get(item.key ?? item.id);
  change(`${say("apply")} “${(item.fields.text ?? "").slice(0, 20)}”`, [[row, item.fields]], "", [[name, item]]);
  forget(name);
  reveal(row);
}

// ---- a TSV that somebody has worked on ----

// It adds to what is here, as one step that can be undone; where both have decided otherwise, what is here
// stays and the other is listed, to be applied.
async function openFile(file) {
  const rows = parsed(decoded(await file.arrayBuffer()));
  if (!rows) { tell(say("not_opened", file.name)); return; }
  const taken = [];
  let other = 0;
  for (const row of data.rows) {
    const said = rows.get(row.id)?.at(-1);
    if (!said) continue;
    const fields = Object.fromEntries(TRACKED.filter((name) => name in said).map((name) => [name, name === "decision" ? said[name].toLowerCase() : said[name]]));
    const speaks = fields.decision || (fields.note ?? "") !== "" || (fields.text !== undefined && fields.text !== row.original);
    const differs = ["decision", "text", "note"].some((name) => name in fields && fields[name] !== String(valueOf(row, name)).trim());
    if (!speaks || !differs) continue;
    if (!edits.has(row.key) && !valueOf(row, "decision")) { taken.push([row, fields]); continue; }
    other++;
    const item = { id: row.id, key: row.key, file: data.file, against: [], fields, original: row.original }, name = `${LEFT}${data.file}/${row.key}/${hash(JSON.stringify(fields))}`;
    store(name, item);
    leftovers.set(name, item);
  }
  if (taken.length) change(say("open") + " " + file.name, taken);
  refilter();
  if (state.row) fillCard(state.row);
  tell(say("opened", file.name, taken.length, other, [...rows.keys()].filter((id) => !seen.has(id)).length));
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
