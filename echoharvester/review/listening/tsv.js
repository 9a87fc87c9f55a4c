// ---- the TSV: cells guarded, quoted and read as the Python side does ----

const RUNS = new RegExp(data.runs), CONVERTED = new RegExp(data.converted, "i");
const EDITS = data.editable;

function guarded(cell, column) {
  return data.numbers.includes(column)
    ? RUNS.test(cell) && !/^-?[0-9.]+$/.test(cell)
    : RUNS.test(cell) || (EDITS.includes(column) && CONVERTED.test(cell));
}

function defused(cell, column) {
  cell = String(cell ?? "").replace(/[\r\n]+/g, " ").trim();
  return guarded(cell, column) ? "'" + cell : cell;
}

const restored = (cell, column) => (cell.startsWith("'") && guarded(cell.slice(1), column) ? cell.slice(1) : cell.trim());

const quoted = (cell) => (/["\t\r\n]/.test(cell) ? '"' + cell.replace(/"/g, '""') + '"' : cell);

function tsv() {
  const lines = [data.columns, ...data.rows.map((row) => data.columns.map((name) => defused(valueOf(row, name), name)))];
  return "\ufeff" + lines.map((cells) => cells.map(quoted).join("\t") + "\n").join("");
}

// Rows of a file by id, several where it stands several times; null where it has no ids and decisions.
function parsed(text) {
  text = text.replace(/^\ufeff/, "");
  const head = text.split("\n", 1)[0], mark = ["\t", ";", ","].find((c) => head.includes(c)) ?? "\t";
  let table = cellsOf(text, mark);
  const suspicious = table.some((cells) => cells.some((cell) => cell.includes("\n") && cell.includes(mark)));
  // A quote that nobody closed has swallowed the rows behind it: quotes hold within a line only.
  if (suspicious && new Set(table.filter((cells) => cells.length > 1).map((cells) => cells.length)).size > 1)
    table = text.split(/\r?\n/).map((line) => line.split(mark).map((cell) => cell.replace(/^"((?:[^"]|"")*)"$/, (_, inner) => inner.replaceAll('""', '"'))));
  const names = (table.shift() ?? []).map((name) => name.trim().toLowerCase());
  if (!names.includes("id") || !names.includes("decision")) return null;
  const rows = new Map();
  for (const cells of table) {
    const row = Object.fromEntries(names.map((name, k) => [name, restored(cells[k] ?? "", name)]));
    if (row.id) rows.set(row.id, [...(rows.get(row.id) ?? []), row]);
  }
  return rows;
}

function cellsOf(text, mark) {
  const table = [[]];
  let cell = "", within = false;
  for (let i = 0; i <= text.length; i++) {
    const char = text[i] ?? "\n";
    if (within && i < text.length) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') cell += text[++i];
      else within = false;
    } else if (char === '"' && cell === "") within = true;
    else if (char === mark) { table.at(-1).push(cell); cell = ""; }
    else if (char === "\n") { table.at(-1).push(cell.replace(/\r$/, "")); cell = ""; table.push([]); }
    else cell += char;
  }
  return table;
}

// Text of a file in the encodings that spreadsheets write.
function decoded(bytes) {
  const [a, b] = new Uint8Array(bytes.slice(0, 2));
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("euc-kr").decode(bytes); // with the whole of CP949, as browsers read it
  }
}
