// The poster: as large as all its words fit on one sheet.
(() => {
  "use strict";
  const poster = document.querySelector(".poster");
  const last = poster.lastElementChild;
  const SMALLEST = 0.55; // below it nobody reads it from a step away; then it takes a second sheet
  const room = () => poster.getBoundingClientRect().bottom - parseFloat(getComputedStyle(poster).paddingBottom);
  const fit = () => {
    poster.classList.add("is-measured");
    let size = 1;
    do {
      poster.style.setProperty("--fit", size.toFixed(2));
      size -= 0.03;
    } while (last.getBoundingClientRect().bottom > room() + 0.5 && size > SMALLEST);
    poster.classList.remove("is-measured");
  };
  fit();
})();
