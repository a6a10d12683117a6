// Names and roles for what the theme's own script puts on a page, for those who do not see it.

/** The strips of buttons on code blocks are no landmarks; a table that scrolls can be reached by keyboard. */
function name() {
  for (const strip of document.querySelectorAll("nav.md-code__nav:not([role])")) strip.setAttribute("role", "presentation");
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) table.tabIndex = 0;
}

new MutationObserver(name).observe(document.documentElement, { childList: true, subtree: true });
