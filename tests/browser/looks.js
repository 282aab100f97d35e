// What looks.py asks a page: an object of functions, each of which answers with a list of faults or of texts.
(() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'], [contenteditable='true']";
  const FRAMES = 60;
  const SPOKEN = ["aria-label", "title", "placeholder", "alt", "aria-description", "aria-valuetext"];

  const controls = () => [...document.querySelectorAll(CONTROLS)];
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest("[inert], .visually-hidden");
  const named = (node) => {
    const name = node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent || node.id;
    return `${node.tagName.toLowerCase()} ${JSON.stringify(name.trim().slice(0, 40))}`;
  };
  const marks = () => (window.marks ??= { wanted: [], reached: new Set() });
  const ofReachedGroup = (node) => node.type === "radio"
    && [...marks().reached].some((one) => one.type === "radio" && one.name === node.name);

  function uncovered(node) {
    const box = node.getBoundingClientRect();
    return [[0.5, 0.5], [0.1, 0.1], [0.9, 0.9], [0.1, 0.9], [0.9, 0.1]].some(([x, y]) => {
      const top = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
      return top && (node.contains(top) || top.closest("label")?.control === node);
    });
  }

  return {
    // What makes the page scroll sideways, when the charts had time to follow the window.
    async tooWide() {
      const page = document.documentElement;
      for (let frame = 0; frame < FRAMES && page.scrollWidth > page.clientWidth; frame++) await new Promise(requestAnimationFrame);
      const width = page.clientWidth;
      const whole = page.scrollWidth;
      if (whole <= width) return [];
      const wide = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > width + 0.5);
      const names = wide.slice(0, 5).map((node) => `${node.tagName.toLowerCase()}.${node.getAttribute("class")}`);
      return [`${whole} px wide on ${width}: ${names.join(", ")}`];
    },

    // All texts and labels that somebody sees or hears.
    words() {
      const found = new Set([document.title]);
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        if (!walk.currentNode.parentElement.closest("noscript, [lang], pre, code")) found.add(walk.currentNode.data.trim());
      }
      for (const node of document.querySelectorAll("body *")) {
        for (const name of SPOKEN) found.add((node.getAttribute(name) ?? "").trim());
      }
      return [...found].filter(Boolean);
    },

    // Controls that are smaller than so many pixels. A link within a text is as high as its line.
    tooSmall(least) {
      const inText = (node) => node.matches("a") && getComputedStyle(node).display === "inline";
      return controls().filter((node) => seen(node) && !inText(node)).flatMap((node) => {
        const whole = (node.matches("input[type=checkbox], input[type=radio]") && node.closest("label")) || node;
        const { width, height } = whole.getBoundingClientRect();
        const fits = width >= least - 0.5 && height >= least - 0.5;
        return fits ? [] : [`${named(node)} is ${Math.round(width)} x ${Math.round(height)}`];
      });
    },

    // Begins a walk with Tab at the top of the page; how many controls there are to come to.
    beginTabbing() {
      const usable = (node) => seen(node) && !node.matches(":disabled") && node.tabIndex >= 0;
      window.marks = { wanted: controls().filter(usable), reached: new Set() };
      document.activeElement.blur();
      getSelection().removeAllRanges();
      scrollTo(0, 0);
      return window.marks.wanted.length;
    },

    // After a press of Tab: where it is, whether it was there before, and what is wrong there.
    tabbed() {
      const node = document.activeElement;
      if (!node || node === document.body) return { end: true };
      const end = marks().reached.has(node) && marks().last !== node; // a date has several places to come to
      marks().reached.add(node);
      marks().last = node;
      const { outlineStyle, outlineWidth } = getComputedStyle(node);
      const faults = [];
      if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) faults.push(`${named(node)} does not show the focus`);
      if (!uncovered(node)) faults.push(`${named(node)} is covered while it has the focus`);
      return { end, faults };
    },

    // What Tab did not come to. One radio button of a group is enough: the others are reached with arrows.
    notTabbed() {
      const missed = marks().wanted.filter((node) => node.isConnected && !marks().reached.has(node) && !ofReachedGroup(node));
      return missed.map((node) => `${named(node)} is not reached with Tab`);
    },
  };
})()
