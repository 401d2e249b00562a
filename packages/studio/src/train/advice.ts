/** What to do about what went wrong, by its code. */

export const ADVICE: Readonly<Record<string, string>> = {
  network: 'Are you online? Texts that were brought here can be trained on without a network, from nothing.',
  disk_full:
    'Delete a run that is kept below, or free some room on this machine. What was saved before is still there.',
  out_of_memory:
    'Choose a smaller model, a smaller batch or fewer lanes under "For experts". The last save is still there.',
  run_in_use: 'It trains in another tab. Pause or stop it there, then come back.',
  run_exists: 'Choose another name, or delete the run that has it.',
  backend_unavailable: 'Choose "Whatever is fastest" or WebAssembly as the backend under "For experts".',
  device_lost: 'The browser took the GPU away. Go on from the last save, on WebAssembly if it happens again.',
  text_too_short: 'Bring more text: a vocabulary takes at least 32 words, and a model far more.',
  write_failed: 'Private windows often have no storage. An ordinary window on https or localhost has.',
  loss_not_finite: 'Try a lower learning rate under "For experts".',
  lane_failed: 'Often the browser ran out of memory. Try fewer lanes, and go on from the last save.',
};
