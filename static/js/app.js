// What every staff page does: tokens for htmx, messages, questions, keys, the clock.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRF-Token"] = $('meta[name="csrf-token"]').content;
  });

  // Messages. Server: HX-Trigger: {"toast": {"text": …, "tone": "green"}}
  const say = (text, tone = "green") => {
    const box = $("#messages");
    if (!box || !text) return;
    const message = document.createElement("div");
    message.className = `message message-${tone}`;
    const words = document.createElement("span");
    words.className = "message-text";
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "message-close";
    close.dataset.dismissMessage = "";
    close.setAttribute("aria-label", "Close this message");
    close.textContent = "×";
    message.append(words, close);
    box.append(message);
    fade();
  };
  // Good news goes by itself; what needs reading or can be undone stays.
  const fade = () => {
    for (const message of document.querySelectorAll(".message-green:not([data-fading])")) {
      if (message.querySelector("form")) continue;
      message.dataset.fading = "";
      setTimeout(() => message.matches(":hover, :focus-within") || message.remove(), 8000);
    }
  };
  fade();
  document.addEventListener("toast", (event) => say(event.detail.text || event.detail.value, event.detail.tone));
  document.addEventListener("htmx:responseError", (event) => {
    const reply = event.detail.xhr;
    if (reply.getResponseHeader("HX-Redirect")) return;
    const plain = (reply.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    say(plain ? reply.responseText : "That did not work. Nothing was changed; reload the page and try again.", "red");
  });
  document.addEventListener("htmx:sendError", () => {
    say("The server does not answer. What you typed is still here; try again in a moment.", "red");
  });

  // Questions before what cannot be undone.
  const ask = (question) =>
    new Promise((resolve) => {
      const dialog = $("#ask");
      if (!dialog) return resolve(window.confirm(question));
      $("#ask-text").textContent = question;
      const done = (answer) => {
        dialog.close();
        dialog.onclick = dialog.oncancel = null;
        resolve(answer);
      };
      dialog.onclick = (event) => event.target.value && done(event.target.value === "yes");
      dialog.oncancel = (event) => {
        event.preventDefault();
        done(false);
      };
      dialog.showModal();
    });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (await ask(form.dataset.confirm)) {
        form.dataset.confirmed = "yes";
        form.requestSubmit(event.submitter);
        delete form.dataset.confirmed;
      }
      return;
    }
    // One click, one request: the button rests until the next page is there.
    if (form.method === "post" && !form.hasAttribute("hx-post") && event.submitter) {
      setTimeout(() => {
        if (!event.defaultPrevented) event.submitter.disabled = true;
      });
    }
  }, true);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const button of document.querySelectorAll("button:disabled[type=submit]")) button.disabled = false;
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-dismiss-message], [data-back], [data-toggle-rail], [data-copy]");
    if (!target) return;
    if (target.matches("[data-dismiss-message]")) target.closest(".message").remove();
    if (target.matches("[data-back]")) history.back();
    if (target.matches("[data-copy]")) {
      const source = document.getElementById(target.dataset.copy);
      navigator.clipboard.writeText(source.value || source.textContent.trim()).then(() => say("Copied."));
    }
    if (target.matches("[data-toggle-rail]")) {
      const open = document.body.classList.toggle("rail-open");
      target.setAttribute("aria-expanded", String(open));
    }
  });

  // After a refused form: to the first field that needs mending.
  const faulty = $("main [aria-invalid=true]");
  if (faulty) faulty.focus();

  // Keys: / or Ctrl-K to search, Escape to leave.
  document.addEventListener("keydown", (event) => {
    const search = $("#search");
    const typing = event.target.closest("input, textarea, select, [contenteditable], trix-editor");
    if (search && ((event.key === "/" && !typing) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)))) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "Escape") {
      if (event.target === search) {
        $("#suggestions").replaceChildren();
        search.blur();
      }
      if (document.body.classList.contains("rail-open")) $("[data-toggle-rail]").click();
    }
    if (event.key === "ArrowDown" && event.target === search) {
      const first = $("#suggestions a");
      if (first) {
        event.preventDefault();
        first.focus();
      }
    }
    const option = event.target.closest("#suggestions a");
    if (option && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const all = [...document.querySelectorAll("#suggestions a")];
      const next = all[all.indexOf(option) + (event.key === "ArrowDown" ? 1 : -1)];
      (next || search).focus();
    }
  });
  document.addEventListener("focusout", (event) => {
    const box = event.target.closest(".bar-search");
    if (box && !box.contains(event.relatedTarget)) setTimeout(() => $("#suggestions").replaceChildren(), 150);
  });

  // The clinic's time, kept right against the server's clock.
  const clock = $("[data-clock]");
  if (clock) {
    const ahead = new Date(clock.dateTime).getTime() - Date.now();
    const tell = () => {
      const at = new Date(Date.now() + ahead);
      clock.textContent = new Intl.DateTimeFormat("en-GB", {
        weekday: "short", hour: "2-digit", minute: "2-digit", timeZone: clock.dataset.clock,
      }).format(at).replace(",", "");
    };
    setInterval(tell, 15000);
  }
})();
