"use strict";
// Saves the verdicts as the CSV form that `orca-eval audit read=` takes. Each sample's line was
// written with the sheet; only its verdict is put in front.
(() => {
  const sections = [...document.querySelectorAll("section[data-line]")];
  const chosen = (section) => section.querySelector("input:checked")?.value ?? "";
  const tell = () => {
    const judged = sections.filter(chosen).length;
    document.querySelector("#save output").textContent = `${judged} of ${sections.length} judged`;
  };
  document.querySelector("#save button").addEventListener("click", () => {
    const lines = sections.map((section) => `${chosen(section)},${section.dataset.line}`);
    const text = [document.body.dataset.head, ...lines, ""].join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = document.body.dataset.file;
    link.click();
  });
  document.addEventListener("change", tell);
  tell();
})();
