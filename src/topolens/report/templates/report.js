(function () {
  "use strict";
  var data = document.getElementById("report-json");
  var link = document.getElementById("download");
  if (data && link) {
    link.href = URL.createObjectURL(new Blob([data.textContent], { type: "application/json" }));
    link.hidden = false;
  }
  var frame = document.getElementById("explorer-frame");
  var full = document.getElementById("explorer-full");
  if (frame && full) {
    document.getElementById("explorer-still").hidden = true;
    frame.hidden = false;
    full.hidden = !document.fullscreenEnabled;
    full.addEventListener("click", function () { frame.requestFullscreen(); });
  }
  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    closed.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (fold) { fold.open = false; });
  });
})();
