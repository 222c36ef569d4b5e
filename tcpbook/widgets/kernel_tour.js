// Shows what Python found in the kernel, and asks it to look again.

function render({ model, el }) {
  const rows = make("tbody", {});
  const said = make("p", { aria: { live: "polite" } });
  const again = make("button", { type: "button", onclick: () => {
    said.textContent = "Asking …";
    model.send({});
  } }, ["Ask the kernel again"]);
  const headings = model.get("headings").map((name) => make("th", { scope: "col" }, [name]));
  el.replaceChildren(make("div", { className: "tcpbook-view tcpbook-tour" }, [
    make("table", {}, [make("thead", {}, [make("tr", {}, headings)]), rows]), said, again]));
  const undone = [
    keepKeys(el),
    follow(model, ["view"], () => {
      const view = model.get("view");
      said.textContent = view.said;
      rows.replaceChildren(...view.rows.map(([[state], ...cells]) => make("tr", {}, [
        make("th", { scope: "row" }, [state]),
        ...cells.map(([words, off]) => make("td", { className: off ? "tcpbook-tour-off" : "" }, [words])),
      ])));
    }),
  ];
  return () => undone.forEach((each) => each());
}

export default { render };
