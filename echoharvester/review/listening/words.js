// ---- what the page says, in two languages ----

const SAYS = {
  en: {
    reviewer: "Reviewer", autoplay: "Play the next row automatically", save: "Save TSV", open: "Open TSV", keys: "Keys",
    undo: "Undo", redo: "Redo", language: "Language", find: "Find", sort: "Sort", filters: "Filters", replace: "Replace…",
    worth: "most doubtful", by_cer: "CER", by_confidence: "confidence", by_snr_db: "SNR", by_duration_sec: "duration",
    by_id: "place in the media", by_decided_at: "time of the decision", turn: "Turn the order round",
    media: "Media", speaker: "Speaker", all: "all", from: "from", to: "to", clear_filters: "Clear filters",
    cer: "CER, %", confidence: "confidence", snr_db: "SNR, dB", duration_sec: "duration, s",
    undecided: "undecided", ok: "ok", fix: "fix", drop: "drop", edited: "edited", unheard: "accepted unheard",
    utterances: "utterances", utterance: "utterance", filter: "filter", selection: "selection",
    caption: "Caption", heard: "Heard", text: "Text", difference: "Difference", note: "Note", words: "words, as aligned",
    play: "Play", pause: "Pause", loop: "Loop", zoom_in: "Zoom in", zoom_out: "Zoom out", spectrogram: "Spectrogram",
    next_doubtful: "Next doubtful word", speed: "Speed", source: "in the source", position: "position in the clip",
    decision: "Decision", accept: "Accept", take: "Take what was heard", do_drop: "Drop", clear: "Clear", back: "Last decision", tools: "tools",
    previous: "Previous", next: "Next",
    decided: (n, of, shown) => `${n} of ${of} decided, ${shown} shown`,
    picked: (n) => `${n} selected`, not_shown: (n) => `${n} not shown`, picked_done: (n, left) => `${many(n, "row")} decided${left ? `; ${left} left as they were: decided already, without a text, or far from what was heard` : ""}.`, pick_shown: "Select all shown", unpick: "Select none",
    accept_picked: "Accept these", drop_picked: "Drop these", clear_picked: "Clear their decisions",
    progress: "decided", about: (row) => [row.status, row.reason, `CER ${row.rate} %`, `confidence ${row.confidence}`, `SNR ${row.snr_db} dB`, `${row.duration_sec} s`],
    live_cer: (rate) => `${rate} % for the current text, spaces ignored`,
    heard_share: (share) => `${share} % heard`, sure: (percent) => `${percent} % sure`,
    no_text: "There is no text to accept; Delete drops the row.", too_short: "A text has at least two letters; Delete drops the row.",
    was_dropped: "This row was dropped. Accept it once more if it is to be kept after all.",
    elsewhere: "This row was just decided in another tab.",
    far: (now, before) => `This is further from what was heard (CER ${now} %) than the caption was (${before} %). If it is right, accept it once more.`,
    no_clip: (name) => `${name} cannot be played; is the folder clips beside this page?`,
    no_storage: "This browser keeps no more decisions (its storage is full, or off): save the TSV before closing the page.",
    outdated: "outdated", outdated_why: (text) => `This was decided on a text that has changed since; stage 8 does not apply it. The text is now “${text}”: decide again, or clear.`,
    this_file: "of this file alone",
    saved: (file) => `${file} was saved. Put it in place of the one beside this page, and run ./run.sh --stage 8 --stop-stage 9.`,
    opened: (file, rows, other, strange) => `${file}: ${many(rows, "decision")} added${other ? `, ${other} that differ from what is here listed above` : ""}${strange ? `, ${many(strange, "row")} of other files left out` : ""}.`,
    not_opened: (file) => `${file} has no columns id and decision; it was not taken.`,
    undone: (what) => `Undone: ${what}`, redone: (what) => `Redone: ${what}`, changed_elsewhere: "It was changed in another tab since; left as it is.",
    nothing_given: "There is nothing to review here. conf/review/default.yaml says what stage 7 selects; review.statuses=[review,accepted] offers more.",
    nothing_fits: "No row fits these filters.",
    finished: "All rows are decided. Save the TSV, put it in place of the one beside this page, and run ./run.sh --stage 8 --stop-stage 9.",
    edited_left: (n) => `${n} edited without a decision: stage 8 would ask about them.`,
    unheard_count: (n) => `${n} accepted unheard`,
    estimate: (rate, low, high) => `label error ${rate} % (${low} to ${high})`,
    more_rows: (rows, goal) => `${many(rows, "more row")} of the sample give ±${goal}`,
    enough: "all of the sample is decided",
    no_estimate: "label error: none of the sample is decided yet",
    leftovers: (n) => `${many(n, "decision")} to look at`,
    leftovers_why: "They fit no row as it is now: the text has changed, the row is gone, or there is another decision. Apply what still holds; undo brings back what was discarded.",
    apply: "Apply", discard: "Discard", made_against: "made against", close: "Close",
    gone_row: "the row is gone", changed_text: "the text has changed", decided_in_file: "the file has a different decision", decided_here: "there is a different decision here",
    replace_title: "Search and replace", replace_find: "Find", replace_with: "Replace with", replace_scope: "in", scope_shown: "rows shown", scope_picked: "selected rows",
    replace_do: (n) => `Replace in ${many(n, "row")}`, replace_none: "No row contains it.", replace_done: (n) => `Replaced in ${many(n, "row")}.`, and_more: (n) => `and ${n} more`,
    keys_title: "Keys", keys_note: "Decisions stay in this browser until they are saved. The same keys work with a Korean keyboard layout.",
    help: [
      ["Space", "play or pause; Shift: the whole clip, with the sound before and after"],
      ["W", "play the next doubtful word with 0.3 s around it, again and again; Space ends it"],
      ["← →", "2 s back or on; Shift: 5 s"], ["L", "play in a loop"], ["S", "spectrogram"], ["+ −", "zoom"], ["[ ]", "slower, faster"],
      ["Enter", "accept the text as it stands, corrected or not"], ["Ctrl Enter", "take what was heard, and accept"],
      ["Delete, Backspace", "drop"], ["U", "undecided again"], ["Ctrl Z, Ctrl Y", "undo, redo"], ["B", "back to the row just decided"],
      ["E, Esc", "into the text and out of it; inside it, Shift Enter or Ctrl Space plays"], ["↓ ↑", "next, previous; Shift: select them, too"],
      ["X", "select the row; Ctrl A: all shown; Esc: none"], ["Ctrl S", "save the TSV"], ["Tab", "to the buttons and fields"], ["?", "these keys"],
    ],
  },
  ko: {
    reviewer: "검토자", autoplay: "다음 행 자동 재생", save: "TSV 저장", open: "TSV 열기", keys: "단축키",
    undo: "실행 취소", redo: "다시 실행", language: "언어", find: "찾기", sort: "정렬", filters: "필터", replace: "바꾸기…",
    worth: "의심스러운 순", by_cer: "CER", by_confidence: "신뢰도", by_snr_db: "SNR", by_duration_sec: "길이",
    by_id: "원본 순서", by_decided_at: "결정 시각", turn: "순서 뒤집기",
    media: "미디어", speaker: "화자", all: "전체", from: "최소", to: "최대", clear_filters: "필터 해제",
    cer: "CER, %", confidence: "신뢰도", snr_db: "SNR, dB", duration_sec: "길이, 초",
    undecided: "미결정", ok: "승인", fix: "수정", drop: "제외", edited: "편집됨", unheard: "듣지 않고 승인",
    utterances: "발화 목록", utterance: "발화", filter: "필터", selection: "선택",
    caption: "자막", heard: "인식 결과", text: "텍스트", difference: "차이", note: "메모", words: "시간을 맞춘 단어",
    play: "재생", pause: "일시정지", loop: "반복", zoom_in: "확대", zoom_out: "축소", spectrogram: "스펙트로그램",
    next_doubtful: "다음 의심 단어", speed: "속도", source: "원본에서 듣기", position: "클립 내 위치",
    decision: "결정", accept: "승인", take: "인식 결과로", do_drop: "제외", clear: "취소", back: "방금 결정한 행으로", tools: "도구",
    previous: "이전", next: "다음",
    decided: (n, of, shown) => `${of}개 중 ${n}개 결정, ${shown}개 표시`,
    picked: (n) => `${n}개 선택`, not_shown: (n) => `${n}개는 표시되지 않음`, picked_done: (n, left) => `${n}개를 결정했습니다${left ? `. ${left}개는 그대로 두었습니다(이미 결정됨, 텍스트 없음, 또는 인식 결과와 너무 다름)` : ""}.`, pick_shown: "표시된 행 모두 선택", unpick: "선택 해제",
    accept_picked: "선택한 행 승인", drop_picked: "선택한 행 제외", clear_picked: "선택한 행의 결정 취소",
    progress: "결정됨", about: (row) => [row.status, row.reason, `CER ${row.rate} %`, `신뢰도 ${row.confidence}`, `SNR ${row.snr_db} dB`, `${row.duration_sec}초`],
    live_cer: (rate) => `현재 텍스트 기준 ${rate} %, 띄어쓰기 제외`,
    heard_share: (share) => `${share}% 들음`, sure: (percent) => `확신도 ${percent} %`,
    no_text: "승인할 텍스트가 없습니다. Delete 키로 제외하세요.", too_short: "텍스트는 두 글자 이상이어야 합니다. Delete 키로 제외하세요.",
    was_dropped: "제외된 행입니다. 그래도 승인하려면 한 번 더 누르세요.",
    elsewhere: "이 행은 방금 다른 탭에서 결정되었습니다.",
    far: (now, before) => `인식 결과와의 차이(CER ${now} %)가 자막(${before} %)보다 큽니다. 맞다면 한 번 더 승인하세요.`,
    no_clip: (name) => `${name} 파일을 재생할 수 없습니다. clips 폴더가 이 페이지 옆에 있나요?`,
    no_storage: "이 브라우저에 결정을 더 저장할 수 없습니다(저장 공간이 가득 찼거나 꺼져 있음). 닫기 전에 TSV를 저장하세요.",
    outdated: "지난 결정", outdated_why: (text) => `결정한 뒤 텍스트가 바뀌어 8단계에서 적용되지 않습니다. 지금 텍스트는 “${text}”입니다. 다시 결정하거나 취소하세요.`,
    this_file: "이 파일만",
    saved: (file) => `${file} 저장됨. 이 페이지와 같은 폴더에 있는 파일을 이 파일로 바꾸고 ./run.sh --stage 8 --stop-stage 9 를 실행하세요.`,
    opened: (file, rows, other, strange) => `${file}: 결정 ${rows}개를 더했습니다${other ? `, 여기와 다른 ${other}개는 위에 표시` : ""}${strange ? `, 다른 파일의 ${strange}행은 제외` : ""}.`,
    not_opened: (file) => `${file}에 id, decision 열이 없어 가져오지 않았습니다.`,
    undone: (what) => `취소함: ${what}`, redone: (what) => `다시 실행함: ${what}`, changed_elsewhere: "다른 탭에서 바뀌어 그대로 둡니다.",
    nothing_given: "검토할 행이 없습니다. 7단계에서 고르는 기준은 conf/review/default.yaml에 있습니다. review.statuses=[review,accepted]로 하면 더 많이 나옵니다.",
    nothing_fits: "필터에 맞는 행이 없습니다.",
    finished: "모든 행이 결정되었습니다. TSV를 저장해 이 페이지와 같은 폴더에 있는 파일과 바꾸고 ./run.sh --stage 8 --stop-stage 9 를 실행하세요.",
    edited_left: (n) => `${n}개가 결정 없이 편집되었습니다. 8단계에서 다시 확인을 요청합니다.`,
    unheard_count: (n) => `${n}개는 듣지 않고 승인`,
    estimate: (rate, low, high) => `라벨 오류 ${rate} % (${low}~${high})`,
    more_rows: (rows, goal) => `표본 ${rows}행을 더 보면 ±${goal}`,
    enough: "표본이 모두 결정되었습니다",
    no_estimate: "라벨 오류: 표본 중 결정된 행이 없습니다",
    leftovers: (n) => `확인할 결정 ${n}개`,
    leftovers_why: "현재 행과 맞지 않습니다. 텍스트가 바뀌었거나, 행이 없어졌거나, 다른 결정이 있습니다. 아직 유효하면 적용하세요. 버린 것은 실행 취소로 되돌릴 수 있습니다.",
    apply: "적용", discard: "버리기", made_against: "결정 당시", close: "닫기",
    gone_row: "행이 없어짐", changed_text: "텍스트가 바뀜", decided_in_file: "파일에 다른 결정이 있음", decided_here: "여기에 다른 결정이 있음",
    replace_title: "찾아 바꾸기", replace_find: "찾을 말", replace_with: "바꿀 말", replace_scope: "범위", scope_shown: "표시된 행", scope_picked: "선택한 행",
    replace_do: (n) => `${n}행에서 바꾸기`, replace_none: "해당하는 행이 없습니다.", replace_done: (n) => `${n}행에서 바꾸었습니다.`, and_more: (n) => `외 ${n}개`,
    keys_title: "단축키", keys_note: "결정은 저장할 때까지 이 브라우저에 남습니다. 한글 자판에서도 같은 키가 똑같이 작동합니다.",
    help: [
      ["Space", "재생, 일시정지; Shift: 앞뒤 소리까지 클립 전체"],
      ["W", "다음 의심 단어를 앞뒤 0.3초와 함께 반복 재생; Space로 멈춤"],
      ["← →", "2초 뒤로, 앞으로; Shift: 5초"], ["L", "반복 재생"], ["S", "스펙트로그램"], ["+ −", "확대, 축소"], ["[ ]", "느리게, 빠르게"],
      ["Enter", "현재 텍스트(수정 포함) 승인"], ["Ctrl Enter", "인식 결과로 바꾸고 승인"],
      ["Delete, Backspace", "제외"], ["U", "결정 취소"], ["Ctrl Z, Ctrl Y", "실행 취소, 다시 실행"], ["B", "방금 결정한 행으로"],
      ["E, Esc", "텍스트로 들어가기, 나오기; 안에서는 Shift Enter나 Ctrl Space로 재생"], ["↓ ↑", "다음, 이전; Shift: 함께 선택"],
      ["X", "행 선택; Ctrl A: 표시된 행 모두; Esc: 해제"], ["Ctrl S", "TSV 저장"], ["Tab", "버튼과 입력란으로"], ["?", "이 단축키"],
    ],
  },
};

let language = "en";
const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

// What the page says for a key, as a string, or what is there is called with the rest.
function say(key, ...values) {
  const said = SAYS[language][key] ?? SAYS.en[key] ?? key;
  return typeof said === "function" ? said(...values) : said;
}

function sayAll() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  const keys = say("help").flatMap(([key, does]) => {
    const term = document.createElement("dt"), what = document.createElement("dd");
    term.textContent = key;
    what.textContent = does;
    return [term, what];
  });
  $("help-keys").replaceChildren(...keys);
}

function tell(message) {
  $("message").textContent = message;
}
