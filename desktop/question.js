question => new Promise(answer => {
  const dialog = document.createElement('dialog');
  const said = document.createElement('p');
  const close = document.createElement('button');
  const keep = document.createElement('button');
  said.textContent = question;
  said.id = 'lesionlab-question';
  close.textContent = 'Close';
  keep.textContent = 'Keep open';
  dialog.setAttribute('aria-labelledby', said.id);
  Object.assign(dialog.style, { maxWidth: '28rem', padding: '1.5rem', border: '1px solid #C3D0D4',
    borderRadius: '0.5rem', background: '#FFFFFF', color: '#08161A', font: '1rem/1.5 sans-serif' });
  for (const button of [close, keep]) {
    Object.assign(button.style, { font: 'inherit', padding: '0.4rem 1rem', marginRight: '0.75rem',
      border: '1px solid #0B6B74', borderRadius: '0.5rem', cursor: 'pointer' });
  }
  Object.assign(close.style, { background: '#FFFFFF', color: '#0B6B74' });
  Object.assign(keep.style, { background: '#0B6B74', color: '#FFFFFF' });
  const end = whether => { dialog.remove(); answer(whether); };
  close.addEventListener('click', () => end(true));
  keep.addEventListener('click', () => end(false));
  dialog.addEventListener('cancel', () => end(false));
  dialog.append(said, close, keep);
  document.body.append(dialog);
  dialog.showModal();
  keep.focus();
})
