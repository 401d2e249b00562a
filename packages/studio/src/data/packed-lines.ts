/** Lines as a file that grows: in pieces, so that what was written need not stay in the heap. */

const PIECE_CHARACTERS = 1 << 20;

export class PackedLines {
  lines = 0;
  readonly #pieces: Blob[] = [];
  #open: string[] = [];
  #characters = 0;

  add(line: string): void {
    this.#open.push(line, '\n');
    this.lines++;
    this.#characters += line.length;
    if (this.#characters > PIECE_CHARACTERS) this.#close();
  }

  blob(): Blob {
    this.#close();
    return new Blob(this.#pieces);
  }

  #close(): void {
    if (this.#open.length > 0) this.#pieces.push(new Blob(this.#open));
    this.#open = [];
    this.#characters = 0;
  }
}
