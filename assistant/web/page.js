// The page's own script. Buttons carry what they do in data-do and data-arg; what concerns the server goes through one hidden field.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const ready = (selector) => new Promise((done) => {
    const look = () => ($(selector) ? done($(selector)) : setTimeout(look, 50));
    look();
  });

  // gradio reads a field a moment after it has changed; what is sent right after something else waits for that.
  let counter = 0, last = Promise.resolve();
  function send(act, arg = "") {
    const field = ["type", "ask", "again"].includes(act) ? "#asked" : ["read", "remove", "forget"].includes(act) ? "#shelved" : "#act";
    last = last.then(() => ready(`${field} textarea, ${field} input`)).then((box) => {
      fill(box, JSON.stringify({ do: act, arg: String(arg), n: ++counter }));
      return new Promise((done) => setTimeout(done, 100));
    });
  }
  function fill(box, text) {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // --- what is said to a screen reader: a whole answer, once, and short notices
  const speaker = document.createElement("div");
  speaker.id = "speaker";
  speaker.setAttribute("role", "status");
  speaker.setAttribute("aria-live", "polite");
  const say = (text) => {
    speaker.textContent = "";
    setTimeout(() => (speaker.textContent = text), 60);
  };

  // --- the keyboard: what is pressed may vanish, and the focus must not fall to the page with it
  const typing = () => $("#question textarea");
  const touched = matchMedia("(hover: none)"); // there the focus would bring up a keyboard, over the answer
  const toBox = () => touched.matches || typing().focus({ preventScroll: true });
  let next = null; // gives what is focused once the focus has been lost
  function hold() {
    if (!next || document.activeElement !== document.body) return;
    const there = next();
    if (there) (there.focus(), (next = null));
  }
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => (next = null), true);

  // --- a question is sent as it stands when it is entered, and leaves the box once it has come in; what is typed after it stays there
  let sent = null;
  function enter() {
    const text = typing().value, more = sent && text.startsWith(sent.text) ? text.slice(sent.text.length) : "";
    if (!text.trim()) return;
    if (!more) sent = waiting ? null : { text, under: $("#live .turn") };
    send("type", more || text);
  }
  function taken() {
    const turn = $("#live .turn:is(.busy, [data-turn])");
    if (!sent || !turn || turn === sent.under) return;
    if (typing().value.startsWith(sent.text)) fill(typing(), typing().value.slice(sent.text.length));
    sent = null;
  }
  // What stood in the box before a question was edited is put back once that is over.
  const draft = { text: "", edited: "" }; // `edited` is the turn
  function edit(turn) {
    if (!$("#editing .editing")) draft.text = typing().value || draft.text;
    draft.edited = turn;
    send("edit", turn);
    typing().focus();
  }
  function putBack() {
    fill(typing(), draft.text);
    draft.text = draft.edited = "";
  }
  addEventListener("keydown", (event) => {
    if (event.target === typing() && event.key === "Enter" && !event.shiftKey && !event.isComposing && !event.repeat) enter();
  });

  // --- the quotation behind a marker, on hover and on focus
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  let tipped = null, leaving = 0;
  function showTip(marker) {
    clearTimeout(leaving);
    if (tipped === marker) return;
    hideTip();
    tipped = marker;
    tip.replaceChildren(...[...$(".tip", marker).childNodes].map((node) => node.cloneNode(true)));
    tip.hidden = false;
    marker.setAttribute("aria-describedby", "tip");
    placeTip();
  }
  function placeTip() {
    if (!tipped) return;
    const at = tipped.getBoundingClientRect(), size = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    tip.style.top = `${at.bottom + size.height + 14 < innerHeight ? at.bottom + 6 : Math.max(8, at.top - size.height - 6)}px`;
  }
  function hideTip() {
    if (tipped) tipped.removeAttribute("aria-describedby");
    tipped = null;
    tip.hidden = true;
  }
  const markerOf = (event) => event.target.closest && event.target.closest(".cite");
  addEventListener("mouseover", (event) => {
    if (markerOf(event)) showTip(markerOf(event));
    else if (event.target.closest && event.target.closest("#tip")) clearTimeout(leaving);
    else if (tipped && document.activeElement !== tipped) (clearTimeout(leaving), (leaving = setTimeout(hideTip, 250)));
  });
  addEventListener("focusin", (event) => (markerOf(event) ? showTip(markerOf(event)) : hideTip()));
  addEventListener("scroll", placeTip, true);

  // --- buttons
  let opened = ""; // what the source shows, as the button that opened it says it
  let doubted = "", complained = ""; // the answer that a complaint is about, and the one whose complaint is being sent
  let liked = ""; // the answer whose thumb up is being sent
  function judge(turn, verdict) {
    for (const button of all(`:is([data-do="up"], [data-do="down"])[data-arg="${CSS.escape(turn)}"]`))
      button.setAttribute("aria-pressed", button.dataset.do === verdict);
  }
  let opener = null; // the marker or button that the source was opened from
  const origin = () => opener && (opener.isConnected ? opener : $(`[data-do="${opener.dataset.do}"][data-arg="${CSS.escape(opener.dataset.arg)}"]`));
  async function back() {
    const again = origin();
    if (!again) return hideTip();
    const shelf = again.closest("#sources, #glossary");
    if (turnTo(shelf ? shelf.id : "ask")) await new Promise(requestAnimationFrame); // what is on a hidden tab takes no focus
    again.scrollIntoView({ block: "center" });
    again.focus();
    hideTip();
  }
  // On a narrow page the source takes the place of the answer, and the browser's Back leaves it too.
  const narrow = matchMedia("(max-width: 860px)");
  const leaveSource = () => (history.state && history.state.source ? history.back() : back());
  // Brings a tab to the front; was another one there?
  function turnTo(name) {
    const tab = $(`#tabs [role="tab"][data-tab-id="${name}"]`), elsewhere = tab.getAttribute("aria-selected") !== "true";
    if (elsewhere) tab.click();
    return elsewhere;
  }
  async function copy(text, said) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    notify(said);
  }
  function notify(text) {
    const note = toast;
    note.textContent = text;
    note.hidden = false;
    say(text);
    clearTimeout(notify.timer);
    notify.timer = setTimeout(() => (note.hidden = true), 5000);
  }
  function answerText(turn) {
    const parts = [$(".asked", turn).innerText, $(".answer", turn).innerText];
    const sources = all(".cite", $(".answer", turn)).map((marker) => `${marker.firstChild.textContent} ${$(".where", marker).textContent}`);
    return [...parts, [...new Set(sources)].join("\n")].filter(Boolean).join("\n\n");
  }
  // A button that destroys something asks to be pressed again, not twice in one breath; it forgets that after a while.
  const pressed = { key: "", at: 0, timer: 0 };
  function armed(button) {
    const key = `${button.dataset.do} ${button.dataset.arg}`, waited = Date.now() - pressed.at;
    if (pressed.key === key && waited < 5000) return waited > 300 && ((pressed.key = ""), true);
    disarm();
    Object.assign(pressed, { key, at: Date.now(), timer: setTimeout(disarm, 5000) });
    button.dataset.armed = button.textContent;
    button.textContent = "Press again to confirm";
    say("Press again to confirm");
    return false;
  }
  function disarm() {
    clearTimeout(pressed.timer);
    for (const button of all("[data-armed]")) (button.textContent = button.dataset.armed, delete button.dataset.armed);
  }
  // The place of what is removed is kept: the focus goes to what takes it, or to `last` when nothing does.
  function remove(button, takes, last) {
    if (!armed(button)) return;
    const { do: act, arg } = button.dataset, at = all(`[data-do="${act}"]`).indexOf(button);
    next = () => button.isConnected ? null : all(takes)[Math.min(at, all(takes).length - 1)] || $(last);
    send(act, arg);
  }
  function toLetter(letter) {
    const heading = $(`#terms h3[data-n="${CSS.escape(letter)}"]`);
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "start" });
  }
  // On a narrow page the list of chats is folded away; on the other tabs it is found on the first one.
  function chats() {
    unfold(turnTo("ask") || !$("#desk").classList.contains("chats-open"));
  }
  function unfold(open) {
    $("#desk").classList.toggle("chats-open", open);
    $(".chats-toggle").setAttribute("aria-expanded", open);
  }
  // Another chat is about to be opened. The browser's Back then opens the one before; asking and deleting change the address of where one is.
  let going = ""; // the address of a chat that was pressed, until it is shown
  function addressOf(chat) {
    const theme = new URLSearchParams(location.search).get("__theme"); // gradio's own, for one look or the other
    const asked = new URLSearchParams({ ...(theme && { __theme: theme }), ...(chat && { chat }) });
    return asked.size ? `/?${asked}` : "/";
  }
  function leaveFor() {
    unfold(false);
    if ($("#editing .editing")) putBack();
  }
  addEventListener("popstate", () => {
    if (location.pathname + location.search === shown) return back(); // a source was left
    const chat = new URLSearchParams(location.search).get("chat");
    turnTo("ask");
    leaveFor();
    send(chat ? "chat" : "new", chat || "");
  });
  function rename(button) {
    const box = document.createElement("input");
    box.value = button.dataset.arg;
    box.maxLength = 80;
    box.setAttribute("aria-label", "The chat's name; Enter keeps it, Escape leaves it");
    const title = button.closest(".chat-title"), heading = $("h2", title);
    heading.replaceChildren(box);
    const leave = () => (box.removeEventListener("blur", keep), heading.replaceChildren(button.dataset.arg));
    const keep = () => (box.value === button.dataset.arg || send("rename", `${title.dataset.chat}|${box.value}`), leave());
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") (keep(), toBox());
      if (event.key === "Escape") (leave(), button.focus());
    });
    box.addEventListener("blur", keep);
    box.focus();
    box.select();
  }
  // What is open already is not filled in again, so it is gone to at once.
  function opening(button) {
    const key = `${button.dataset.do} ${button.dataset.arg}`;
    hideTip();
    if (!button.closest("#source")) opener = button;
    if (narrow.matches && !(history.state && history.state.source)) history.pushState({ source: true }, "");
    awaited = true;
    if (opened === key && $("#source .open")) (seen = null, look());
    opened = key;
  }
  addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-do]");
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    const { do: act, arg } = button.dataset, turn = button.closest(".turn");
    const own = {
      copy: () => copy(answerText(turn), "The answer is copied, with its sources."),
      link: () => copy(`${location.origin}/?answer=${arg}`, "The link is copied."),
      back: leaveSource,
      close: () => (origin() && origin().offsetParent && leaveSource(), send("close")), // on another tab it stays there
      rename: () => rename(button),
      delete: () => remove(button, "#chats .chat", ".new"),
      remove: () => remove(button, '[data-do="remove"]', "#find-source textarea, #find-source input"),
      forget: () => remove(button, '[data-do="forget"]', "#find-source textarea, #find-source input"),
      pick: () => pick(arg === "folder", null),
      replace: () => pick(false, arg),
      down: () => (doubted = arg, send("down", arg)),
      up: () => (liked = arg, send("up", arg)),
      edit: () => edit(arg),
      unedit: () => (putBack(), send("unedit"), typing().focus()),
      ask: () => (send("ask", arg), toBox()),
      again: () => (send("again", arg), toBox()),
      letter: () => toLetter(arg),
      chats,
    };
    if (["cite", "topic", "view", "more"].includes(act)) opening(button);
    if (["new", "chat"].includes(act)) (leaveFor(), (going = addressOf(act === "chat" && arg)));
    if (act === "chat") next = () => $("#chats [aria-current]");
    (own[act] || (() => send(act, arg)))();
  }, true);
  // Ask and Stop take each other's place, and the form of a complaint closes; gradio hears the click as well.
  addEventListener("click", (event) => {
    if (!event.target.closest) return;
    if (event.target.closest("#send")) enter();
    if (event.target.closest("#send, #stop")) toBox();
    if (event.target.closest("#tell, #leave")) complained = event.target.closest("#tell") ? doubted : "";
    if (event.target.closest("#tell, #leave")) next = () => $(`[data-do="down"][data-arg="${CSS.escape(doubted)}"]`);
  });
  // A link saves a file. Followed as a link it would make gradio believe that the page is left, and an error would be shown as a page.
  addEventListener("click", async (event) => {
    const link = event.target.closest && event.target.closest('a[href^="/export?"], a[href^="/original?"]');
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    const got = await fetch(link.getAttribute("href")).catch(() => null);
    if (!got || !got.ok) return notify(got ? await got.text() : "The server does not answer.");
    const saved = document.createElement("a");
    saved.download = decodeURIComponent(/filename\*=UTF-8''([^;]*)/.exec(got.headers.get("content-disposition"))[1]);
    saved.href = URL.createObjectURL(await got.blob());
    saved.click();
    setTimeout(() => URL.revokeObjectURL(saved.href), 60000);
  }, true);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!tip.hidden) return hideTip();
    if (document.activeElement && document.activeElement.closest("#source")) leaveSource();
  });

  // --- files: dropped or chosen, each sent whole, then read
  const arriving = [];
  const line = (name) => {
    const item = document.createElement("li");
    item.dataset.name = name;
    item.textContent = name;
    $("#intake .arriving").prepend(item);
    return (said, kind = "") => ((item.textContent = `${name}: ${said}`), (item.className = kind));
  };
  const sentence = (text = "") => text && `${text[0].toUpperCase()}${text.slice(1)}.`;
  const kind = (name) => name.slice(name.lastIndexOf(".")).toLowerCase();
  const put = (file, name, replaces) => new Promise((done) => {
    const tell = line(name), request = new XMLHttpRequest(), limit = Number($("#intake .drop").dataset.limit);
    if (replaces && kind(file.name) !== kind(name))
      return tell(`only a ${kind(name)} file can take its place. Choose one, or remove this one and put the other in.`, "failed"), done(false);
    if (file.size > limit) return tell(`it is larger than ${limit / 2 ** 20} MB. Split it.`, "failed"), done(false);
    const query = new URLSearchParams(replaces ? { name, replaces } : { name });
    request.open("POST", `/upload?${query}`);
    request.upload.onprogress = (event) => event.total && tell(`${Math.round((100 * event.loaded) / event.total)}% sent`);
    request.onload = () => {
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { said = { error: "the server did not take it" }; }
      said.error ? tell(`${said.error}. ${sentence(said.remedy)}`, "failed") : tell("sent, and will be read now", "sent");
      done(!said.error);
    };
    request.onerror = () => (tell("the connection broke; send it again", "failed"), done(false));
    request.send(file);
  });
  async function take(files) {
    // What went in before is listed below; what failed stays until it is tried again.
    for (const item of all("#intake .arriving li")) if (item.className === "sent" || files.some(({ name }) => name === item.dataset.name)) item.remove();
    let taken = 0;
    for (const { file, name, replaces } of files) taken += await put(file, name, replaces);
    const failed = all("#intake .arriving .failed").filter((item) => files.some(({ name }) => name === item.dataset.name));
    say([`${taken} of ${files.length} files sent.`, ...failed.map((item) => item.textContent)].join(" "));
    if (taken) send("read", "uploads");
  }
  function pick(folder, replaces) {
    const box = document.createElement("input");
    box.type = "file";
    box.multiple = !replaces;
    box.webkitdirectory = folder;
    const [digest, ...rest] = (replaces || "").split("|");
    box.onchange = () => take([...box.files].filter((file) => !file.name.startsWith(".")).map((file) => (
      { file, name: replaces ? rest.join("|") : file.webkitRelativePath || file.name, replaces: digest })));
    box.click();
  }
  async function within(entry, path = "") {
    if (entry.name.startsWith(".")) return [];
    if (entry.isFile) return [{ file: await new Promise((done, fail) => entry.file(done, fail)), name: path + entry.name }];
    const reader = entry.createReader(), found = [];
    for (let part; (part = await new Promise((done, fail) => reader.readEntries(done, fail))).length;)
      for (const one of part) found.push(...await within(one, `${path}${entry.name}/`));
    return found;
  }
  for (const kind of ["dragover", "dragleave", "drop"]) addEventListener(kind, async (event) => {
    event.preventDefault(); // a file dropped beside the field must not be opened instead of the page
    const field = event.target.closest && event.target.closest(".drop");
    all(".drop").forEach((drop) => drop.classList.toggle("over", kind === "dragover" && drop === field));
    if (kind !== "drop" || !field) return;
    const files = [...event.dataTransfer.files].map((file) => ({ file, name: file.name }));
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean); // a browser's way to tell folders
    take(entries.length ? (await Promise.all(entries.map((entry) => within(entry)))).flat() : files);
  });

  // --- what happens when the server has filled something in
  let awaited = false, waiting = false, shown = "", told = null, seen = null, judging = null, edited = null, linked = "", read = "", resumed = "";
  // How an ingestion gets on is said at its beginning, at each quarter and at its end, with what went wrong.
  function follow() {
    const bar = $("#progress .bar"), parts = all("#progress .doing, #progress .trouble, #progress li.failed");
    const state = bar ? Math.floor(parseInt(bar.classList[0].slice(4)) / 25) : parts.map((part) => `${part.dataset.n} ${part.textContent}`).join();
    if (!parts.length || state === read) return;
    read = state;
    if (!bar && $("#progress .ingestion")) for (const item of all("#intake .arriving .sent")) item.remove();
    say(bar ? parts[0].textContent : parts.map((part) => part.textContent).join(" "));
  }
  function look() {
    hold();
    taken();
    follow();
    const busy = $("#live .busy"), turn = $("#live .turn:not(.busy)");
    if (busy && !waiting) {
      waiting = true;
      say("");
      busy.scrollIntoView({ block: "start" });
    } else if (turn && waiting && !busy) {
      waiting = false;
      if (draft.text && ![draft.edited, undefined].includes(turn.dataset.turn) && !typing().value) putBack();
      turn.scrollIntoView({ block: "start" });
      say(`${$(".answer", turn) ? $(".answer", turn).innerText : ""} ${$(".sure", turn) ? $(".sure", turn).innerText : ""}`);
    } else if (!turn && !busy) waiting = false;
    const source = $("#source .open");
    if (source && source !== seen && awaited) {
      seen = source;
      awaited = false;
      const place = $(".here mark", source) || $(".here", source);
      const text = $(".text", source);
      if (text && place) text.scrollTop = place.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
      if (narrow.matches) $("#source").scrollIntoView({ block: "start" });
      const heading = $("h2", source);
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
    const chat = $(".chat-title[data-chat]"), where = addressOf(chat && chat.dataset.chat);
    if (where !== shown && ($(".welcome") || chat)) {
      history[where === going ? "pushState" : "replaceState"](null, "", where);
      shown = where;
      going = "";
    }
    const judged = $("#judge:has(input) .judged");
    if (judged && judged !== judging) (judging = judged, $("#judge").scrollIntoView({ block: "nearest" }), $("#judge input").focus());
    if (complained && !$("#judge:has(input)")) (judge(complained, "down"), (complained = "")); // it was taken, else the form stays
    const editing = $("#editing .editing");
    if (editing && editing !== edited) say(editing.firstChild.textContent);
    edited = editing;
    const answer = linked && $(`.turn[data-turn="${CSS.escape(linked)}"] .asked`);
    if (answer) {
      linked = "";
      answer.tabIndex = -1;
      answer.focus({ preventScroll: true });
      answer.scrollIntoView({ block: "start" });
    }
    const notice = $("#notice .notice");
    if (resumed && $(`#live .turn[data-turn="${CSS.escape(resumed)}"]`)) (send("resume", resumed), (resumed = ""));
    if (notice && notice !== told) {
      told = notice;
      if (notice.matches(".untaken")) sent = null;
      if (notice.matches(".liked")) judge(liked, "up");
      notify(notice.innerText);
    }
  }
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });

  // --- the beginning: gradio runs this script once the document is there
  const toast = document.createElement("div");
  toast.id = "toast";
  toast.hidden = true;
  document.body.append(speaker, tip, toast);
  const asked = new URLSearchParams(location.search);
  const wanted = ["answer", "chat"].find((name) => asked.has(name));
  if (wanted === "answer") linked = asked.get(wanted);
  // What was typed and not asked outlives the load of the page that gradio begins when the server is there again; so does what was not answered yet,
  // and a question that is being edited is edited on.
  addEventListener("pagehide", () => {
    const busy = $("#live .busy .asked");
    sessionStorage.setItem("typing", (typing() && typing().value) || (busy ? busy.textContent : ""));
    sessionStorage.setItem("draft", $("#editing .editing") ? JSON.stringify(draft) : "{}");
  });
  ready("#thread .welcome").then(() => {
    if (wanted) send(wanted, asked.get(wanted));
    const left = sessionStorage.getItem("typing");
    if (left && !typing().value) fill(typing(), left);
    resumed = Object.assign(draft, JSON.parse(sessionStorage.getItem("draft") || "{}")).edited;
  });
})();
