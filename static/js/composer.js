// The email composer: keeps the preview fresh, the revision right, and blocks movable.
(() => {
  "use strict";
  const composer = document.getElementById("composer");
  const frame = document.getElementById("preview");
  if (!composer || !frame) return;
  const wanted = new URLSearchParams();
  let field = null; // where an inserted merge tag goes
  let dirty = false;
  let waiting = 0;

  const refresh = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      frame.src = `${frame.dataset.src}?${wanted}`;
    }, 150);
  };

  document.addEventListener("draft-saved", (event) => {
    for (const input of document.querySelectorAll("[data-revision]")) input.value = event.detail.revision;
    dirty = false;
    refresh();
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });

  const autosaving = (node) => node.closest && node.closest("[data-autosave]");
  composer.addEventListener("input", (event) => {
    if (autosaving(event.target)) dirty = true;
  });
  composer.addEventListener("trix-change", (event) => {
    if (document.activeElement === event.target) dirty = true;
  });
  composer.addEventListener("trix-blur", (event) => {
    if (dirty) window.htmx.trigger(event.target.closest("form"), "save-now");
  });
  composer.addEventListener("trix-file-accept", (event) => event.preventDefault());
  composer.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-autosave] input:not([type=hidden]), trix-editor")) field = event.target;
  });

  const insert = (text) => {
    const form = composer.querySelector("form[data-autosave]");
    const target = field && form && form.contains(field) ? field : form && form.querySelector("trix-editor, input:not([type=hidden])");
    if (!target) return;
    if (target.editor) target.editor.insertString(text);
    else target.setRangeText(text, target.selectionStart, target.selectionEnd, "end");
    target.focus();
    dirty = true;
    window.htmx.trigger(form, "save-now");
  };

  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const data = button.dataset;
    if (data.insert) insert(data.insert);
    if (data.keepMine) {
      for (const input of document.querySelectorAll("[data-revision]")) input.value = data.keepMine;
      const form = composer.querySelector("form[data-autosave]");
      if (form) window.htmx.trigger(form, "save-now");
    }
    if (data.previewWidth) {
      for (const other of document.querySelectorAll("[data-preview-width]")) press(other, other === button);
      frame.classList.toggle("preview-phone", data.previewWidth === "phone");
    }
    if (data.previewSet) {
      const on = button.getAttribute("aria-pressed") !== "true";
      press(button, on);
      if (on) wanted.set(data.previewSet, data.previewValue);
      else wanted.delete(data.previewSet);
      refresh();
    }
    if (data.person !== undefined) {
      if (data.person) wanted.set("person", data.person);
      else wanted.delete("person");
      document.getElementById("as-name").textContent = data.person ? button.textContent.trim() : "nobody in particular";
      button.closest("details").open = false;
      refresh();
    }
  });

  // Alt and an arrow move the block that has the focus; / in the list opens the plus menu.
  composer.addEventListener("keydown", (event) => {
    const item = event.target.closest(".block-item");
    if (item && event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      const button = item.querySelector(`[data-move=${event.key === "ArrowUp" ? "up" : "down"}]`);
      if (button && !button.disabled) {
        composer.dataset.focus = item.dataset.block;
        button.form.requestSubmit(button);
      }
    }
    if (event.key === "/" && event.target.closest(".composer-blocks")) {
      event.preventDefault();
      event.stopPropagation();
      const menu = composer.querySelector(".plus");
      menu.open = true;
      menu.querySelector("button").focus();
    }
  });
  document.addEventListener("htmx:afterSettle", () => {
    const moved = composer.dataset.focus && document.getElementById(`pick-${composer.dataset.focus}`);
    if (moved) moved.focus();
    delete composer.dataset.focus;
    sortable();
  });

  const sortable = () => {
    const list = document.getElementById("block-list");
    if (!list || list.dataset.sorted || !window.Sortable) return;
    list.dataset.sorted = "yes";
    window.Sortable.create(list, {
      draggable: ".block-item:not(.block-nested)",
      filter: ".block-tools",
      preventOnFilter: false,
      animation: 150,
      onEnd: (move) => {
        if (move.oldDraggableIndex === move.newDraggableIndex) return;
        const revision = document.querySelector("[data-revision]").value;
        window.htmx.ajax("POST", `${list.dataset.sort}blocks/${move.item.dataset.block}/move`, {
          target: "#workspace",
          swap: "outerHTML",
          values: { to: move.newDraggableIndex, revision },
        });
      },
    });
  };
  sortable();
})();
