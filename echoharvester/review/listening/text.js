"use strict";
// One row at a time: heard, read, decided.  `data.rows` are the rows as exported; `edits` lie on top of
// them, kept in the browser until they are saved as a TSV.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

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
