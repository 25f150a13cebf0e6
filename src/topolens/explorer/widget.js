// The explorer's offline page in a frame that may do nothing but run scripts and save files; the selection goes both
// ways as messages, of which web/src/state/host.svelte.ts is the other end.
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.title = "topolens explorer";
  frame.style.cssText = `width: 100%; height: ${model.get("height")}px; border: 0`;
  frame.srcdoc = model.get("page");

  const tell = () => frame.contentWindow?.postMessage({ topolens: "select", ...model.get("selection") }, "*");
  const hear = (event) => {
    if (event.source !== frame.contentWindow) return;
    const { topolens, space, rows } = event.data ?? {};
    if (topolens === "ready") tell();
    else if (topolens === "selection") {
      const held = model.get("selection");
      if (held.space === space && held.rows.join() === rows.join()) return;
      model.set("selection", { space, rows });
      model.save_changes();
    }
  };
  window.addEventListener("message", hear);
  model.on("change:selection", tell);

  const link = document.createElement("a");
  link.style.cssText = "display: inline-block; margin: 4px 0; text-decoration: underline";
  Object.assign(link, { href: model.get("url"), target: "_blank", rel: "noopener", textContent: "Open the live explorer" });
  el.append(link, frame);
  return () => {
    window.removeEventListener("message", hear);
    model.off("change:selection", tell);
  };
}

export default { render };
