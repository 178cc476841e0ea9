'use strict';
(() => {
  const root = document.documentElement;
  root.classList.add('js');
  const said = document.getElementById('said');
  let timer;
  const say = (text) => {
    said.textContent = text;
    said.classList.add('on');
    clearTimeout(timer);
    timer = setTimeout(() => said.classList.remove('on'), 2500);
  };

  const theme = document.getElementById('theme');
  const dark = () => root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const name = () => { theme.textContent = dark() ? 'Light' : 'Dark'; };
  theme.addEventListener('click', () => { root.dataset.theme = dark() ? 'light' : 'dark'; name(); });
  name();

  // A cell's value as the query gave it; what is shown may be rounded.
  const value = (cell) => cell.dataset.v ?? cell.textContent;

  const compare = (one, other) => {
    if (one === '' || other === '') return one === other ? 0 : one === '' ? 1 : -1;
    const [a, b] = [Number(one), Number(other)];
    return Number.isNaN(a) || Number.isNaN(b) ? one.localeCompare(other) : a - b;
  };

  const sort = (head) => {
    const table = head.closest('table');
    const down = head.getAttribute('aria-sort') === 'none' ? head.classList.contains('n') : head.getAttribute('aria-sort') === 'ascending';
    for (const other of table.tHead.rows[0].cells) other.setAttribute('aria-sort', 'none');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const at = head.cellIndex;
    const rows = [...table.tBodies[0].rows];
    const keyed = rows.map((row) => [value(row.cells[at]), row]);
    // Cells without a value stay last, whichever way.
    keyed.sort(([a], [b]) => a === '' || b === '' ? compare(a, b) : (down ? -1 : 1) * compare(a, b));
    table.tBodies[0].append(...keyed.map(([, row]) => row));
    say(`Sorted by ${head.textContent}, ${down ? 'descending' : 'ascending'}`);
  };

  const quoted = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const csv = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => quoted(value(cell))).join(',')).join('\n') + '\n';

  const copy = async (text) => {
    if (navigator.clipboard && isSecureContext) {
      try { await navigator.clipboard.writeText(text); return true; } catch { /* the older way, below */ }
    }
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'skip';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  };

  // The whole table, where the page shows a part of it.
  const whole = async (query) => {
    const packed = document.getElementById(`w-${query}`)?.content.textContent;
    if (!packed) return undefined;
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
  };

  const download = (text, file) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  document.addEventListener('click', async (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.closest('thead')) { sort(button.closest('th')); return; }
    const { act, query } = button.dataset;
    if (!act) return;
    const table = document.getElementById(`t-${query}`);
    const back = document.activeElement;
    if (act === 'copy') say(await copy(csv(table)) ? `Copied ${table.tBodies[0].rows.length} rows as CSV` : 'This browser does not let pages copy');
    if (act === 'save') download(await whole(query) ?? csv(table), `${query}.csv`);
    back?.focus();
  });

  // Figures are printed with their numbers, and as the reader had them afterwards.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details.short:not([open])')];
    for (const each of opened) each.open = true;
  });
  addEventListener('afterprint', () => { for (const each of opened) each.open = false; });
})();
