// The one button of pages made for paper.
document.getElementById("print").addEventListener("click", () => window.print());
