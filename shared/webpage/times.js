"use strict";
// localise shows times as the reader's clock does; what was served stands in their titles.
const localise = () => {
  for (const time of document.querySelectorAll("time:not([title])")) {
    time.title = time.textContent;
    time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
};
localise();
