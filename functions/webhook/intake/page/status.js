"use strict";
(() => {
  const parts = ["heading", "aloud", "doing", "progress", "news"];
  const served = {}; // the parts as they came, without what this script has done to them

  // Only what has changed is replaced, so that readers keep their place: a link
  // that has the focus gets it back.
  const show = (page) => {
    document.title = page.title;
    for (const id of parts) {
      const fresh = page.getElementById(id);
      if (fresh.outerHTML === served[id]) continue;
      served[id] = fresh.outerHTML;
      const shown = document.getElementById(id);
      const focused = shown.contains(document.activeElement) && document.activeElement.href;
      shown.innerHTML = fresh.innerHTML;
      if (fresh.dataset.refresh) shown.dataset.refresh = fresh.dataset.refresh;
      if (focused) [...shown.querySelectorAll("a")].find((link) => link.href === focused)?.focus();
    }
    localise();
  };

  const look = async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 404) return location.reload();
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The service or the way to it is down; the next look will tell.
    }
    lookAgain();
  };

  const lookAgain = () => {
    const seconds = Number(document.getElementById("progress").dataset.refresh);
    if (seconds > 0) setTimeout(look, 1000 * seconds);
  };

  for (const id of parts) served[id] = document.getElementById(id).outerHTML;
  lookAgain();
})();
