// A packing slip: fails in the ways of AssemblyScript, one function each.

let wanted: i32 = 7;

function item(at: i32): i32 {
  const items: i32[] = [1, 2, 3];
  return items[at];
}

export function pick(): i32 {
  return item(wanted) * 0;
}

function weigh(grams: i32): i32 {
  assert(grams < 5, "too heavy: " + grams.toString() + " g");
  return grams;
}

export function ship(): i32 {
  return weigh(wanted) * 0;
}

function find(name: string): string {
  throw new Error("no item `" + name + "`");
}

export function refuse(): i32 {
  return find("lamp").length * 0;
}

export function wild(): i32 {
  // No sound program does this: it is the trap that is wanted.
  return load<i32>(0x7ffffff0) * 0;
}
