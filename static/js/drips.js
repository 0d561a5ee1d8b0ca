// The path of a series: drag a card by its grip. The arrows beside it do the same.
(() => {
  "use strict";
  const path = document.getElementById("path");
  if (!path || !window.Sortable || !path.querySelector(".drag")) return;
  window.Sortable.create(path, {
    handle: ".drag",
    draggable: "[data-step]",
    animation: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
    onEnd: (event) => {
      if (event.oldDraggableIndex === event.newDraggableIndex) return;
      const form = document.createElement("form");
      form.method = "post";
      form.action = event.item.dataset.move;
      const add = (name, value) => {
        const input = document.createElement("input");
        input.type = "hidden";
        input.name = name;
        input.value = value;
        form.append(input);
      };
      add("csrf_token", document.querySelector('meta[name="csrf-token"]').content);
      add("position", String(event.newDraggableIndex + 1));
      document.body.append(form);
      form.submit();
    },
  });
})();
