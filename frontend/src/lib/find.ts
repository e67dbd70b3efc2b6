/** Search of resources by name or id; exact names and prefixes come first. */
type Named = { id: string; name: string };

export function found<T extends Named>(all: readonly T[], text: string, most: number): T[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const rank = ({ id, name }: Named) =>
    name === wanted || id === wanted
      ? 0
      : name.startsWith(wanted)
        ? 1
        : name.includes(wanted)
          ? 2
          : id.includes(wanted)
            ? 3
            : 4;
  return all
    .map((each) => ({ each, at: rank(each) }))
    .filter(({ at }) => at < 4)
    .sort((a, b) => a.at - b.at || a.each.name.localeCompare(b.each.name))
    .slice(0, most)
    .map(({ each }) => each);
}
