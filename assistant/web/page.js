// The page's own script. Buttons carry what they do in data-do and data-arg; what concerns the server goes through one hidden field.
(() => {
  const SENT = 2500; // milliseconds after which a field that gradio did not hear is filled again
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const ready = (selector) => new Promise((done) => {
    const look = () => ($(selector) ? done($(selector)) : setTimeout(look, 50));
    look();
  });

  let counter = 0;
  async function send(act, arg = "") {
    const field = ["ask", "again"].includes(act) ? "#asked" : ["read", "remove", "forget"].includes(act) ? "#shelved" : "#act";
    const box = await ready(`${field} textarea, ${field} input`);
    box.value = JSON.stringify({ do: act, arg: String(arg), n: ++counter });
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
  let opener = null; // the marker or button that the source was opened from
  function back() {
    if (!opener) return;
    const again = opener.isConnected ? opener : $(`[data-do="${opener.dataset.do}"][data-arg="${CSS.escape(opener.dataset.arg)}"]`);
    if (again) (again.scrollIntoView({ block: "center" }), again.focus());
    hideTip();
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
  const pressed = { key: "", at: 0 };
  function armed(button) {
    const key = `${button.dataset.do} ${button.dataset.arg}`, waited = Date.now() - pressed.at;
    if (pressed.key === key && waited < 5000) return waited > 300 && ((pressed.key = ""), true);
    Object.assign(pressed, { key, at: Date.now() });
    const text = button.textContent;
    button.dataset.armed = "yes";
    button.textContent = "Press again to confirm";
    say("Press again to confirm");
    setTimeout(() => {
      delete button.dataset.armed;
      button.textContent = text;
    }, 5000);
    return false;
  }
  function rename(button) {
    const box = document.createElement("input");
    box.value = button.dataset.arg;
    box.maxLength = 80;
    box.setAttribute("aria-label", "The chat's name; Enter keeps it, Escape leaves it");
    const heading = $("h2", button.closest(".chat-title"));
    heading.replaceChildren(box);
    const leave = () => heading.replaceChildren(button.dataset.arg);
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") (box.removeEventListener("blur", leave), send("rename", box.value));
      if (event.key === "Escape") (leave(), button.focus());
    });
    box.addEventListener("blur", leave);
    box.focus();
    box.select();
  }
  // What is open already is not filled in again, so it is gone to at once.
  function opening(button) {
    const key = `${button.dataset.do} ${button.dataset.arg}`;
    hideTip();
    if (!button.closest("#source")) opener = button;
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
      back, close: () => (back(), send("close")),
      rename: () => rename(button),
      delete: () => armed(button) && send("delete", arg),
      remove: () => armed(button) && send("remove", arg),
      forget: () => armed(button) && send("forget", arg),
      pick: () => pick(arg === "folder", null),
      replace: () => pick(false, arg),
      up: () => (button.setAttribute("aria-pressed", "true"), send("up", arg)),
      edit: () => (send("edit", arg), $("#question textarea").focus()),
      ask: () => (send("ask", arg), $("#question textarea").focus()),
    };
    if (["cite", "topic", "view"].includes(act)) opening(button);
    if (["new", "chat"].includes(act)) $("#desk").classList.remove("chats-open");
    if (act === "chats") $("#desk").classList.toggle("chats-open");
    else (own[act] || (() => send(act, arg)))();
  }, true);
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
    if (document.activeElement && document.activeElement.closest("#source")) back();
  });

  // --- files: dropped or chosen, each sent whole, then read
  const arriving = [];
  const line = (name) => {
    const item = document.createElement("li");
    item.textContent = name;
    $("#intake .arriving").prepend(item);
    return (said, kind = "") => ((item.textContent = `${name}: ${said}`), (item.className = kind));
  };
  const put = (file, name, replaces) => new Promise((done) => {
    const tell = line(name), request = new XMLHttpRequest();
    const query = new URLSearchParams(replaces ? { name, replaces } : { name });
    request.open("POST", `/upload?${query}`);
    request.upload.onprogress = (event) => event.total && tell(`${Math.round((100 * event.loaded) / event.total)}% sent`);
    request.onload = () => {
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { said = { error: "the server did not take it" }; }
      said.error ? tell(`${said.error}. ${said.remedy || ""}`, "failed") : tell("sent, and will be read now", "sent");
      done(!said.error);
    };
    request.onerror = () => (tell("the connection broke; send it again", "failed"), done(false));
    request.send(file);
  });
  async function take(files) {
    $("#intake .arriving").replaceChildren();
    let taken = 0;
    for (const { file, name, replaces } of files) taken += await put(file, name, replaces);
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
  let awaited = false, waiting = false, shown = "", told = null, seen = null, judging = null;
  function look() {
    const busy = $("#live .busy"), turn = $("#live .turn:not(.busy)");
    if (busy && !waiting) {
      waiting = true;
      say("");
      busy.scrollIntoView({ block: "start" });
    } else if (turn && waiting && !busy) {
      waiting = false;
      turn.scrollIntoView({ block: "start" });
      say(`${$(".answer", turn) ? $(".answer", turn).innerText : ""} ${$(".sure", turn) ? $(".sure", turn).innerText : ""}`);
    } else if (!turn && !busy) waiting = false;
    const source = $("#source .open");
    if (source && source !== seen && awaited) {
      seen = source;
      awaited = false;
      const place = $("mark", source) || $(".here", source);
      const text = $(".text", source);
      if (text && place) text.scrollTop = place.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
      if (matchMedia("(max-width: 860px)").matches) $("#source").scrollIntoView({ block: "start" });
      const heading = $("h2", source);
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
    const chat = $(".chat-title[data-chat]"), where = chat ? `/?chat=${chat.dataset.chat}` : "/";
    if (where !== shown && ($(".welcome") || chat)) {
      shown = where;
      if (!location.search.includes("__theme")) history.replaceState(null, "", where);
    }
    const judged = $("#judge .judged");
    if (judged && judged !== judging) (judging = judged, $("#judge").scrollIntoView({ block: "nearest" }), $("#judge input").focus());
    const notice = $("#notice .notice");
    if (notice && notice !== told) (told = notice, notify(notice.innerText));
  }
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });

  // --- the beginning: gradio runs this script once the document is there
  const toast = document.createElement("div");
  toast.id = "toast";
  toast.hidden = true;
  document.body.append(speaker, tip, toast);
  const asked = new URLSearchParams(location.search);
  const wanted = ["answer", "chat"].find((name) => asked.has(name));
  if (wanted) shown = "later";
  ready("#thread .welcome").then(() => wanted && send(wanted, asked.get(wanted)));
})();
