// Shows the map that Python made of the reader's attempts; asks for a new one whenever it comes into sight.

// In JupyterLab a chapter opens in a tab beside this one; anywhere else the link is an ordinary one.
function chapterLink(name, href) {
  const link = make("a", { href }, [name]);
  link.onclick = () => {
    const place = /\/tree\/(.*\/)?/.exec(decodeURIComponent(location.pathname));
    if (!place) return;
    link.dataset.commandlinkerCommand = "docmanager:open";
    link.dataset.commandlinkerArgs = JSON.stringify({ path: (place[1] ?? "") + href });
  };
  return link;
}

function table(label, heads, body) {
  const head = make("tr", {}, heads.map((each) => make("th", { scope: "col" }, [each])));
  return make("table", { aria: { label } }, [make("thead", {}, [head]), body]);
}

const row = (head, cells) =>
  make("tr", {}, [make("th", { scope: "row" }, [head]), ...cells.map((cell) => make("td", {}, [cell]))]);

function render({ model, el }) {
  const button = (label, onclick) => make("button", { type: "button", onclick }, [label]);
  const ask = (what) => model.send({ do: what });

  const links = model.get("chapters").map(([name, href]) => chapterLink(name, href));
  const chapters = make("tbody");
  const sure = make("tbody");
  const verdict = make("p");
  const again = make("ul");
  const where = make("code");
  const when = make("span");
  const told = make("p", { className: "tcpbook-error", role: "status" });

  // Deleting is asked for once more, in room that is always there.
  const remove = button("Reset …", () => askOnceMore(true));
  const keep = button("No, keep it", () => askOnceMore(false));
  const confirm = make("span", { className: "tcpbook-map-confirm", role: "group", aria: { label: "Delete it?" } }, [
    "Delete it all, for good? ", button("Yes, delete it", () => { askOnceMore(false); ask("reset"); }), " ", keep]);
  confirm.onkeydown = (event) => { if (event.key === "Escape") askOnceMore(false); };
  function askOnceMore(asking) {
    confirm.classList.toggle("tcpbook-map-asking", asking);
    (asking ? keep : remove).focus();
  }

  let shown = {};
  function show() {
    const view = model.get("view");
    const changed = (part) => JSON.stringify(view[part]) !== JSON.stringify(shown[part]);
    if (changed("rows"))
      chapters.replaceChildren(...view.rows.map((cells, at) => row(links[at] ?? "elsewhere", cells)));
    if (changed("sure")) sure.replaceChildren(...view.sure.map(([said, ...counts]) => row(said, counts)));
    verdict.textContent = view.verdict;
    if (changed("again")) {
      const items = view.again.map(([matter, text, name, href]) =>
        make("li", {}, [make("strong", {}, [matter]), ` ${text} `, ...(name ? [chapterLink(name, href)] : [])]));
      if (view.more) items.push(make("li", {}, [`… and ${view.more} more.`]));
      again.replaceChildren(...(items.length ? items : [make("li", {}, ["Nothing yet."])]));
    }
    where.textContent = view.where;
    when.textContent = `as of ${view.when}`;
    if (changed("told")) told.textContent = view.told;
    shown = view;
  }

  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-map" }, [
    table("Chapters", ["Chapter", "Predictions", "Exercises"], chapters),
    make("div", { className: "tcpbook-map-sides" }, [
      make("div", {}, [make("p", {}, [make("strong", {}, ["How sure, how right"])]),
        table("How sure, how right", ["You said", "right", "wrong"], sure), verdict]),
      make("div", {}, [make("p", {}, [make("strong", {}, ["Come back to"])]),
        make("div", { className: "tcpbook-map-again", role: "group", tabIndex: 0, aria: { label: "Come back to" } }, [again])]),
    ]),
    make("div", { className: "tcpbook-map-controls" }, [button("Look again", () => ask("look")), when, remove, confirm]),
    told,
    make("p", {}, ["Kept in ", where, " on this machine, a line an answer, and sent nowhere."]),
  ]));
  const observer = new IntersectionObserver((entries) => { if (entries.at(-1).isIntersecting) ask("look"); });
  observer.observe(el);
  const undone = [keepKeys(el), () => observer.disconnect(), follow(model, ["view"], show)];
  return () => undone.forEach((each) => each());
}

export default { render };
