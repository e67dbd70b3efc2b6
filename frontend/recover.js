// Loads a style sheet or a script of a page again when it was lost: a browser drops what it loads whenever a network
// of the host appears or disappears, as with each VPC. Whoever waits for it learns nothing of the attempts before.
// `inline.mjs` puts this into every page, before everything that can be lost.
(() => {
  const PAUSES_MS = [100, 300, 1000, 3000, 5000, 5000];
  const attempts = new Map();

  const again = {
    // The same element, put where it is, is loaded anew; its listeners stay.
    LINK: (lost) => lost.parentNode.insertBefore(lost, lost.nextSibling),
    // A script runs once only, so a copy takes over. It has no listeners: those of the lost one hear of its end.
    SCRIPT: (lost) => {
      const copy = document.createElement('script');
      for (const { name, value } of lost.attributes) copy.setAttribute(name, value);
      copy.addEventListener('load', () => lost.dispatchEvent(new Event('load')));
      copy.addEventListener('error', () => lost.dispatchEvent(new Event('error')));
      lost.after(copy);
    },
  };

  const listen = (event) => {
    const lost = event.target;
    const address = lost instanceof HTMLLinkElement && lost.rel === 'stylesheet' ? lost.href : lost.src;
    const count = attempts.get(address) ?? 0;
    if (!again[lost.tagName] || !address || count >= PAUSES_MS.length || !lost.isConnected) return;
    event.stopImmediatePropagation();
    attempts.set(address, count + 1);
    setTimeout(() => again[lost.tagName](lost), PAUSES_MS[count]);
  };
  window.addEventListener('error', listen, true);
})();
