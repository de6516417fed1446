/* eslint-disable no-control-regex -- control characters are what this file is about */

/** What moves cursors, colours text and names windows: control sequences, operating system commands, and single escapes. ECMA-48. */
const SEQUENCES = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/]*[0-~]/g;
/** All of them but the tab and the end of a line. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of somebody else, so that it does nothing to a terminal but begin new lines and set tabs. */
export function printable(text: string): string {
  return text.replace(SEQUENCES, '').replace(CONTROLS, '');
}

/** How much of a text that a server wrote goes into the message of an error. Characters. */
const LONGEST_EXCERPT = 500;

/** The beginning of a text that a server wrote, for the message of an error: printable and of bounded length. */
export function excerpt(text: string): string {
  return printable(text.slice(0, LONGEST_EXCERPT)) + (text.length > LONGEST_EXCERPT ? '…' : '');
}

/** A text without its numbers: process ids and times differ between two outputs that say the same. */
export function withoutNumbers(text: string): string {
  return text.replace(/\d+/g, '0');
}
