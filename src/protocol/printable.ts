/* eslint-disable no-control-regex -- control characters are what this file is about */

/** What moves cursors, colours text and names windows: control sequences, operating system commands, and single escapes. ECMA-48. */
const SEQUENCES = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/]*[0-~]/g;
/** All of them but the tab and the end of a line. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of somebody else, so that it does nothing to a terminal but begin new lines and set tabs. */
export function printable(text: string): string {
  return text.replace(SEQUENCES, '').replace(CONTROLS, '');
}
