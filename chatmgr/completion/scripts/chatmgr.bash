# Completion of chatmgr in bash. Made by: chatmgr completion show bash
#
# chatmgr is asked in zsh's form, since that carries descriptions; bash shows them when it lists.
# Every candidate is quoted for the place where it goes; nothing that stands on the line is run.

_chatmgr_completion() {
    local line=${COMP_LINE:0:COMP_POINT}
    local before=${line%"$2"}  # readline keeps this, and puts a candidate in place of the rest
    local at char next quote='' word='' begun='' asked='' count=0 kept='' inside='' apostrophe="'\\''"

    for (( at = 0; at <= ${#line}; at++ )); do
        (( at == ${#before} )) && kept=$word inside=$quote
        char=${line:at:1}
        if [[ -z $quote && ( -z $char || $char == [[:space:]] ) ]]; then
            [[ $begun ]] || continue
            [[ $char ]] || break
            [[ $word == *[\'\"\\[:space:]]* || ! $word ]] && word="'${word//\'/$apostrophe}'"
            asked+="$word " word='' begun='' count=$(( count + 1 ))
        elif [[ ! $char ]]; then
            break
        elif [[ ! $quote && $char == [\'\"] ]]; then
            quote=$char begun=1
        elif [[ $quote && $char == "$quote" ]]; then
            quote=''
        elif [[ $char == \\ && $quote != \' ]]; then
            next=${line:at + 1:1} begun=1
            if [[ ! $quote || $next == [\"\\\$\`] ]]; then word+=$next at=$(( at + 1 )); else word+=$char; fi
        else
            word+=$char begun=1
        fi
    done

    local option='' part=$word
    [[ $word == --*=* ]] && option=${word%%=*}=
    [[ $part == *[\'\"\\[:space:]]* || ( $begun && ! $part ) ]] && part="'${part//\'/$apostrophe}'"

    local program=(chatmgr) kind value about rest values=() abouts=()
    type -P chatmgr > /dev/null || program=(@PROGRAM@)
    while IFS= read -r kind && IFS= read -r value && IFS= read -r about; do
        case $kind in
            dir) compopt -o dirnames 2> /dev/null; continue ;;
            file) compopt -o default 2> /dev/null; continue ;;
            plain) ;;
            *) continue ;;
        esac
        if [[ $about == _ ]]; then about=''; else value=${value//\\:/:}; fi
        value=$option$value
        [[ $value == "$kept"* ]] || continue
        rest=${value:${#kept}}
        case $inside in
            \') rest=${rest//\'/$apostrophe} ;;
            \")
                rest=${rest//\\/\\\\} rest=${rest//\"/\\\"} rest=${rest//\$/\\\$} rest=${rest//\`/\\\`}
                rest=${rest//!/'"\!"'}
                ;;
            *) [[ $rest ]] && printf -v rest %q "$rest" ;;
        esac
        values+=("$rest") abouts+=("$about")
    done < <(
        env COMP_WORDS="$asked$part" COMP_CWORD="$count" _CHATMGR_COMPLETE=zsh_complete \
            "${program[@]}" 2> /dev/null < /dev/null
    )

    COMPREPLY=("${values[@]}")
    if (( COMP_TYPE == 63 && ${#values[@]} > 1 )); then  # only listed, not put into the line
        for at in "${!values[@]}"; do
            [[ ${abouts[at]} ]] && COMPREPLY[at]="${values[at]}  (${abouts[at]})"
        done
    fi
}

complete -o nosort -F _chatmgr_completion chatmgr 2> /dev/null || complete -F _chatmgr_completion chatmgr
