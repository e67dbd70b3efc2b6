'use client';
/** Global search for pages, and for resources by name or id. */
import { useEffect, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import Autosuggest, { type AutosuggestProps } from '@cloudscape-design/components/autosuggest';
import { byKind, KINDS, LISTS, pageOf } from '@/resources';
import { found } from '@/lib/find';
import { readAll } from '@/lib/reading';
import { useTime } from '@/lib/time';
import { useNavigation } from '@/lib/navigation';

const MOST = 50;
const PAGES = [
  { name: 'Dashboard', to: '/' },
  { name: 'Topology', to: '/topology/' },
  { name: 'Timeline', to: '/timeline/' },
  { name: 'What changed', to: '/changes/' },
  ...LISTS.map(({ many, slug }) => ({ name: many, to: `/${slug}/` })),
  ...KINDS.flatMap(({ create, one, slug }) =>
    create ? [{ name: `${create.verb} ${one}`, to: `/${slug}/create/` }] : [],
  ),
];
/** Whoever types somewhere means what he types. */
const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

export function Search() {
  const navigation = useNavigation();
  const { at } = useTime();
  const [text, setText] = useState('');
  const [isWanted, setWanted] = useState(false);
  const field = useRef<AutosuggestProps.Ref>(null);
  const { data = [], isFetching } = useQuery({
    queryKey: ['search', at],
    enabled: isWanted,
    queryFn: () => readAll('/api/resources', at === null ? {} : { as_of: at }),
  });
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isAsked =
        event.key === '/'
          ? !isTyping(event.target) && !event.ctrlKey && !event.metaKey
          : event.key === 'k' && (event.ctrlKey || event.metaKey);
      if (!isAsked) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);
  const resources = found(data, text, MOST).flatMap(({ id, kind, name, status }) => {
    const to = pageOf(kind, id);
    return to ? [{ value: to, label: name, description: `${byKind(kind)?.one}, ${status}`, labelTag: id }] : [];
  });
  const pages = PAGES.filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase())).map(
    ({ name, to }) => ({ value: to, label: name }),
  );
  const options: AutosuggestProps.Options = [
    ...(resources.length > 0 && text !== '' ? [{ label: 'Resources', options: resources }] : []),
    { label: 'Pages', options: pages },
  ];
  return (
    <Autosuggest
      ref={field}
      value={text}
      options={options}
      filteringType="manual"
      ariaLabel="Find a resource or a page"
      placeholder="Find a resource or a page: / or Ctrl K"
      statusType={isFetching ? 'loading' : 'finished'}
      loadingText="Looking"
      empty="Nothing has such a name"
      virtualScroll
      expandToViewport
      disableBrowserAutocorrect
      onFocus={() => setWanted(true)}
      onChange={({ detail }) => setText(detail.value.startsWith('/') ? '' : detail.value)}
      enteredTextLabel={(value) => `Find ${value}`}
      onSelect={({ detail }) => {
        const [first] = [...resources, ...pages];
        const to = detail.value.startsWith('/') ? detail.value : first?.value;
        setText('');
        if (to) navigation.go(to);
      }}
    />
  );
}
